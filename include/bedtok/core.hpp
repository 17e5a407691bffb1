// SPDX-License-Identifier: BSD-2-Clause
#pragma once

// Regions from memory, their algebra, vocabulary, index, tokenizer: everything that needs only the
// standard library.
// The members that touch files (from_bed, to_bed, from_pretrained ...) are declared here and
// defined by io.hpp.

#include "algebra/closest.hpp"
#include "algebra/gaps.hpp"
#include "algebra/merge.hpp"
#include "algebra/overlaps.hpp"
#include "algebra/resize.hpp"
#include "algebra/sample.hpp"
#include "algebra/set_operations.hpp"
#include "algebra/similarity.hpp"
#include "algebra/statistics.hpp"
#include "assembly.hpp"
#include "batch.hpp"
#include "cell_matrix.hpp"
#include "chrom_aliases.hpp"
#include "chrom_table.hpp"
#include "diagnosis.hpp"
#include "encoding.hpp"
#include "enum_names.hpp"
#include "error.hpp"
#include "hit_finder.hpp"
#include "interruption.hpp"
#include "mapper.hpp"
#include "mapping_options.hpp"
#include "overlap_index.hpp"
#include "peak_tokens.hpp"
#include "ragged_ids.hpp"
#include "region.hpp"
#include "region_set.hpp"
#include "report.hpp"
#include "sequence_options.hpp"
#include "skipped_lines.hpp"
#include "special_tokens.hpp"
#include "tokenizer.hpp"
#include "version.hpp"
#include "vocabulary.hpp"
