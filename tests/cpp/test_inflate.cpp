// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/detail/inflater.hpp>
#include <bedtok/io/inflate.hpp>
#include <bedtok/io/open_text.hpp>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::ParseError;
using bedtok::io::open_text;
using support::memory;
using support::message_of;
using support::pick;

namespace {

std::string text_of(std::string_view bytes) { return support::read_all(*open_text(memory(bytes))); }

// The text of a damaged file, or "refused". Any other error fails the test.
std::string text_or_refusal(std::string_view bytes) {
  try {
    return text_of(bytes);
  } catch (const ParseError&) {
    return "refused";
  }
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = "chr123\t\n 05"[pick(random, 0, 10)];
  return text;
}

const std::string small = "chr1\t100\t200\tpeak1\nchr1\t150\t300\tpeak2\nchr2\t5\t9\tpeak3\n";

}  // namespace

TEST_CASE("plain text passes, whatever its length") {
  for (const char* text : {"", "c", "ch", "chr", "chr1\t1\t2\n"}) CHECK(text_of(text) == text);
}

TEST_CASE("gzip, multi-member gzip and bgzip are inflated, whatever the file is called") {
  CHECK(text_of(support::gzip(small)) == small);
  CHECK(text_of(support::gzip(small, 0)) == small);
  CHECK(text_of(support::gzip(small, 9)) == small);
  CHECK(text_of(support::gzip("")).empty());
  CHECK(text_of(support::gzip(small.substr(0, 10)) + support::gzip("") +
                support::gzip(small.substr(10))) == small);
  for (const std::size_t block : support::Sizes{1, 7, 20, 1000})
    CHECK(text_of(support::bgzip(small, block)) == small);
  CHECK(text_of(support::bgzip_end()).empty());
}

TEST_CASE("a gzip member with a name, a comment and a time is inflated") {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string name = "peaks.bed";
  std::string comment = "by hand";
  gz_header header{};
  header.time = 1234567890;
  header.name = reinterpret_cast<Bytef*>(name.data());
  header.comment = reinterpret_cast<Bytef*>(comment.data());
  header.hcrc = 1;
  REQUIRE(deflateSetHeader(&stream, &header) == Z_OK);
  std::string text = small;
  std::string out(1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = 1000;
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(1000 - stream.avail_out);
  deflateEnd(&stream);
  CHECK(text_of(out) == small);
}

TEST_CASE("large streams are inflated through sources and rooms of any size") {
  std::mt19937_64 random(71);
  const std::string text = random_text(random, 1500000);
  std::string members;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = pick(random, 1, 200000);
    members += support::gzip(text.substr(at, size), static_cast<int>(pick(random, 0, 9)));
    at += size;
  }
  for (const std::string& bytes : {support::gzip(text), members, support::bgzip(text, 65280)}) {
    CHECK((text_of(bytes) == text));
    for (const std::size_t room : {std::size_t{17}, std::size_t{1} << 18}) {
      const auto source = open_text(std::make_unique<support::TrickleSource>(bytes, 3000, room));
      CHECK((support::read_all(*source, room) == text));
    }
  }
}

TEST_CASE("a stream that inflates to far more than its size is inflated whole") {
  const std::string zeros(5000000, 'x');
  const std::string bytes = support::gzip(zeros);
  CHECK(bytes.size() < 10000);
  CHECK((text_of(bytes) == zeros));
}

TEST_CASE("a gzip file that is cut off anywhere is refused") {
  const std::string bytes = support::gzip(small);
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    INFO("cut to " << size << " of " << bytes.size() << " bytes");
    const std::string message =
        message_of<ParseError>([&] { text_of(std::string_view(bytes).substr(0, size)); });
    REQUIRE(message.find("memory: the gzip stream is cut off after ") == 0);
  }
  CHECK(message_of<ParseError>([&] { text_of(bytes.substr(0, 5)); }) ==
        "memory: the gzip stream is cut off after 0 bytes of text, expected more: copy or download "
        "the file again");
}

TEST_CASE("a bgzip file that is cut off anywhere is refused, between its blocks as well") {
  const std::string bytes = support::bgzip(small, 20);
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    INFO("cut to " << size << " of " << bytes.size() << " bytes");
    REQUIRE(text_or_refusal(std::string_view(bytes).substr(0, size)) == "refused");
  }
  const std::string open = bytes.substr(0, bytes.size() - support::bgzip_end().size());
  CHECK(message_of<ParseError>([&] { text_of(open); }) ==
        "memory: the bgzip end-of-file block is missing after " + std::to_string(small.size()) +
            " bytes of text: the file is cut off, copy or download it again");
}

TEST_CASE("a cut-off multi-member file is refused unless the cut lies between members") {
  const std::string first = support::gzip(small.substr(0, 30));
  const std::string bytes = first + support::gzip(small.substr(30));
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    const std::string expected = size == first.size() ? small.substr(0, 30) : "refused";
    REQUIRE(text_or_refusal(std::string_view(bytes).substr(0, size)) == expected);
  }
}

TEST_CASE("a flipped bit is refused or changes nothing") {
  // Bits of the time, the system and the flags say nothing about the text.
  for (const std::string& bytes :
       {support::gzip(small), support::gzip(small, 0),
        support::gzip(small.substr(0, 30)) + support::gzip(small.substr(30)),
        support::bgzip(small, 25)}) {
    std::size_t harmless = 0;
    for (std::size_t bit = 16; bit < 8 * bytes.size(); ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const std::string text = text_or_refusal(damaged);
      INFO("bit " << bit % 8 << " of byte " << bit / 8);
      REQUIRE((text == "refused" || text == small));
      harmless += text == small ? 1 : 0;
    }
    CHECK(harmless < bytes.size() * 4);
  }
}

TEST_CASE("damage in the middle of a large stream is refused") {
  std::mt19937_64 random(72);
  const std::string text = random_text(random, 400000);
  const std::string bytes = support::gzip(text);
  for (int round = 0; round < 40; ++round) {
    std::string damaged = bytes;
    const std::size_t at = pick(random, 10, bytes.size() - 1);
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << pick(random, 0, 7)));
    REQUIRE(text_or_refusal(damaged) == "refused");
  }
  std::string damaged = bytes;
  damaged[bytes.size() - 6] = static_cast<char>(damaged[bytes.size() - 6] ^ 1);  // the checksum
  const std::string message = message_of<ParseError>([&] { text_of(damaged); });
  CHECK(message.find("memory: the gzip stream is damaged after ") == 0);
  CHECK(message.find(" bytes of text: copy or download the file again") != std::string::npos);
}

TEST_CASE("bytes behind a gzip stream are refused, zeros are padding") {
  const std::string bytes = support::gzip(small);
  const std::string message = "memory: other bytes follow the gzip stream after " +
                              std::to_string(small.size()) +
                              " bytes of text, expected its end: copy or download the file again";
  for (const std::string& tail :
       {std::string("x"), std::string("\x1f"), std::string("chr1\t1\t2\n"), std::string("\0\0x", 3),
        std::string(600000, '\0') + "x"}) {
    CHECK(message_of<ParseError>([&] { text_of(bytes + tail); }) == message);
    CHECK(text_or_refusal(support::bgzip(small, 20) + tail) == "refused");
  }
  for (const std::size_t zeros : support::Sizes{1, 17, 18, 512, 600000}) {
    CHECK(text_of(bytes + std::string(zeros, '\0')) == small);
    CHECK(text_of(support::bgzip(small, 20) + std::string(zeros, '\0')) == small);
  }
}

TEST_CASE("a member that follows padding is not lost in silence") {
  CHECK(text_or_refusal(support::gzip(small) + std::string(8, '\0') + support::gzip(small)) ==
        "refused");
}

TEST_CASE("random bytes behind a gzip header never crash or hang") {
  std::mt19937_64 random(73);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes("\x1f\x8b\x08", 3);
    bytes.push_back(static_cast<char>(pick(random, 0, 3) == 0 ? pick(random, 0, 255) : 0));
    for (auto n = pick(random, 0, 60); n > 0; --n) {
      bytes.push_back(static_cast<char>(pick(random, 0, 255)));
    }
    REQUIRE(text_or_refusal(bytes) == "refused");
  }
}

TEST_CASE("formats that are known not to be text are refused by name") {
  using namespace std::string_literals;
  const auto message = [](const std::string& head) {
    return message_of<ParseError>([&] { open_text(memory(head + "\0\0\0\0\0\0\0\0"s, "x.bb")); });
  };
  const std::string bigbed =
      "x.bb: this is a bigBed file, expected BED text: convert it with bigBedToBed";
  CHECK(message("\xEB\xF2\x89\x87") == bigbed);
  CHECK(message("\x87\x89\xF2\xEB") == bigbed);
  CHECK(message("\x28\xB5\x2F\xFD") ==
        "x.bb: this is compressed by zstd, expected BED text or gzip: decompress it first");
  CHECK(message("\xFD"
                "7zXZ") ==
        "x.bb: this is compressed by xz, expected BED text or gzip: decompress it first");
  for (const char* head : {"BZh91AY&SY", "BZh1\x17\x72\x45\x38\x50\x90"}) {
    CHECK(message(head) ==
          "x.bb: this is compressed by bzip2, expected BED text or gzip: decompress it first");
  }
  CHECK(message("PK\x03\x04") ==
        "x.bb: this is a zip archive, expected BED text or gzip: unpack it first");
}

TEST_CASE("a text that begins with the letters of another format is a text") {
  for (const char* name :
       {"BZh", "BZh9", "BZhang7", "BZh91AY", "PK", "PK\x03\x04", "PK\x03\x04x"}) {
    const std::string text = std::string(name) + "\t1\t2\n";
    CHECK(support::read_all(*open_text(memory(text))) == text);
  }
}

TEST_CASE("an error of an inflated file has no line, and the file's name") {
  try {
    text_of(support::gzip(small).substr(0, 30));
    FAIL("nothing was thrown");
  } catch (const ParseError& error) {
    CHECK(error.path() == "memory");
    CHECK_FALSE(error.line().has_value());
  }
}

TEST_CASE("a header with a long name is taken, however it comes") {
  const std::string plain = support::gzip("text\n");
  std::string named = plain.substr(0, 10);
  named[3] = 8;  // a name follows
  named += std::string(3000, 'n') + '\0' + plain.substr(10);
  for (const std::size_t largest : support::Sizes{1, 7, 5000}) {
    const auto source =
        open_text(std::make_unique<support::TrickleSource>(named + named, largest, largest));
    CHECK(support::read_all(*source) == "text\ntext\n");
  }
}
