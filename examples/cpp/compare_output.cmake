# SPDX-License-Identifier: BSD-2-Clause
execute_process(COMMAND "${program}" ${arguments} OUTPUT_VARIABLE printed RESULT_VARIABLE status)
file(READ "${expected}" wanted)
if(NOT status EQUAL 0 OR NOT printed STREQUAL wanted)
  message(FATAL_ERROR "${program} ended with ${status} and printed:\n${printed}\nexpected:\n${wanted}")
endif()
