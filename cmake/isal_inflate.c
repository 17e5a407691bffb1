/* SPDX-License-Identifier: BSD-2-Clause */
/* What ISA-L's igzip_inflate.c calls outside of itself, for a build of its inflate only. Checksums
   are zlib's. Without an assembler ISA-L's loop in C takes the place of the one for x86-64. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <igzip_lib.h>
#include <zlib.h>

uint32_t crc32_gzip_refl(uint32_t crc, const unsigned char* bytes, uint64_t size);
uint32_t isal_adler32_bam1(uint32_t sum, const unsigned char* bytes, uint64_t size);

uint32_t crc32_gzip_refl(uint32_t crc, const unsigned char* bytes, uint64_t size) {
  return (uint32_t)crc32_z(crc, bytes, (z_size_t)size);
}

/* Of zlib streams, which are never asked for: ISA-L keeps the lower half less one. */
uint32_t isal_adler32_bam1(uint32_t sum, const unsigned char* bytes, uint64_t size) {
  const uint32_t modulus = 65521;
  uint32_t low = ((sum & 0xffff) + 1) % modulus;
  const uint32_t next = (uint32_t)adler32_z((sum & 0xffff0000u) | low, bytes, (z_size_t)size);
  low = (next & 0xffff) == 0 ? modulus - 1 : (next & 0xffff) - 1;
  return (next & 0xffff0000u) | low;
}

void isal_gzip_header_init(struct isal_gzip_header* header) { memset(header, 0, sizeof *header); }
void isal_zlib_header_init(struct isal_zlib_header* header) { memset(header, 0, sizeof *header); }

#if !defined(BEDTOK_ISAL_ASSEMBLER)
int decode_huffman_code_block_stateless_base(struct inflate_state* state, uint8_t* out);
int decode_huffman_code_block_stateless(struct inflate_state* state, uint8_t* out);

int decode_huffman_code_block_stateless(struct inflate_state* state, uint8_t* out) {
  return decode_huffman_code_block_stateless_base(state, out);
}
#endif
