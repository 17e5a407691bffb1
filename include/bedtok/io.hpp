// SPDX-License-Identifier: BSD-2-Clause
#pragma once

// Readers and writers: BED in and out, fragments, saved tokenizers. Needs zlib and nlohmann_json.

#include "io/atomic_file.hpp"
#include "io/bed.hpp"
#include "io/bgzip.hpp"
#include "io/byte_source.hpp"
#include "io/file_digest.hpp"
#include "io/fragment_tokens.hpp"
#include "io/fragments.hpp"
#include "io/gzip_writer.hpp"
#include "io/inflate.hpp"
#include "io/json.hpp"
#include "io/line_blocks.hpp"
#include "io/mapped_file.hpp"
#include "io/open_text.hpp"
#include "io/pretrained.hpp"
#include "io/read_ahead.hpp"
#include "io/region_lines.hpp"
#include "io/regions_digest.hpp"
#include "io/sample_reader.hpp"
#include "io/spilling_store.hpp"
#include "io/tokenizer_config.hpp"
#include "io/universe_bed.hpp"
#include "io/universe_index.hpp"
