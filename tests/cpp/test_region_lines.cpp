// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/chrom_table.hpp>
#include <bedtok/io/region_lines.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::ChromTable;
using bedtok::ParseError;
using bedtok::io::RegionLineReader;
using support::message_of;
using support::pick;
using namespace std::string_literals;

namespace {

struct Row {
  std::string chrom;
  std::uint64_t start;
  std::uint64_t end;
  std::string rest;
  std::uint64_t line;

  friend bool operator==(const Row& a, const Row& b) {
    return a.chrom == b.chrom && a.start == b.start && a.end == b.end && a.rest == b.rest &&
           a.line == b.line;
  }
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.line << ": " << row.chrom << " " << row.start << " " << row.end << " '"
               << row.rest << "'";
  }
};
using Rows = std::vector<Row>;

struct Read {
  Rows rows;
  std::string header;
};

template <class Coord = std::uint32_t>
Read read(bedtok::io::ByteSource& source) {
  Read result;
  ChromTable chroms;
  RegionLineReader<Coord> reader(source, chroms);
  reader.read(
      [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest, std::uint64_t line) {
        result.rows.push_back({chroms.name(chrom), start, end, std::string(rest), line});
      });
  result.header = reader.header();
  return result;
}

template <class Coord = std::uint32_t>
Read read(std::string_view text) {
  bedtok::io::MemorySource source(text, "peaks.bed");
  return read<Coord>(source);
}

template <class Coord = std::uint32_t>
std::string refusal(const std::string& text) {
  return message_of<ParseError>([&] { read<Coord>(text); });
}

// The same rows whether the reader knows the chromosome already (its usual path) or not.
const std::string known = "chr1\t0\t1\n";

std::string not_a_coordinate(const std::string& column, const std::string& value) {
  return column + " '" + value +
         "' is not a coordinate, expected decimal digits from 0 to 4294967295";
}

}  // namespace

TEST_CASE("the first three columns are the region, the rest is kept as text") {
  const auto result = read(
      "chr1\t5\t9\n"
      "chr2\t0\t0\t\n"
      "chr1\t7\t4294967295\tpeak 1\t.\t+\t\n"
      "chr1\t1\t2\t\t\n");
  CHECK(result.rows == Rows{{"chr1", 5, 9, "", 1},
                            {"chr2", 0, 0, "", 2},
                            {"chr1", 7, 4294967295, "peak 1\t.\t+\t", 3},
                            {"chr1", 1, 2, "\t", 4}});
  CHECK(result.header.empty());
}

TEST_CASE("narrowPeak, broadPeak, gappedPeak and BED12 lines are read") {
  const std::string narrow = "peak1\t500\t.\t5.5\t-1\t3.25\t50";
  const std::string gene = "x\t0\t+\t100\t200\t0\t2\t10,20,\t0,80,";
  const auto result = read("chr1\t100\t200\t" + narrow + "\nchr1\t100\t200\t" + gene + "\n");
  CHECK(result.rows == Rows{{"chr1", 100, 200, narrow, 1}, {"chr1", 100, 200, gene, 2}});
}

TEST_CASE("runs of spaces separate where a line has no tab") {
  CHECK(read("chr1 5 9\n  chr2   0  7   peak 1  x  \nchr1\t1\t2\ta b\n").rows ==
        Rows{{"chr1", 5, 9, "", 1}, {"chr2", 0, 7, "peak 1  x", 2}, {"chr1", 1, 2, "a b", 3}});
  CHECK(read("a b\t1\t2\n").rows == Rows{{"a b", 1, 2, "", 1}});
  CHECK(refusal("chr1\t1 2\n") ==
        "peaks.bed:1: the line has 2 columns ('chr1\\t1 2'), expected chromosome, start and end "
        "separated by tabs");
}

TEST_CASE("CRLF, a missing last line end, a byte-order mark and blank lines are accepted") {
  const Rows expected = {{"chr1", 5, 9, "", 1}, {"chr1", 6, 7, "x", 2}};
  CHECK(read("chr1\t5\t9\nchr1\t6\t7\tx\n").rows == expected);
  CHECK(read("chr1\t5\t9\r\nchr1\t6\t7\tx\r\n").rows == expected);
  CHECK(read("chr1\t5\t9\r\nchr1\t6\t7\tx\r").rows == expected);
  CHECK(read("chr1\t5\t9\nchr1\t6\t7\tx").rows == expected);
  CHECK(read("\xEF\xBB\xBF"
             "chr1\t5\t9\nchr1 6 7 x")
            .rows == expected);
  CHECK(read("chr1\t5\t9\r\nchr1\t6\t7").rows ==
        Rows{{"chr1", 5, 9, "", 1}, {"chr1", 6, 7, "", 2}});
  CHECK(read("\n\r\n \t \nchr1\t5\t9\n\n\nchr1\t6\t7\n\n").rows ==
        Rows{{"chr1", 5, 9, "", 4}, {"chr1", 6, 7, "", 7}});
}

TEST_CASE("a line is read as if it stood alone, whatever stands around it") {
  // Usual lines are read two at a time, others one by one; they take turns here.
  const std::vector<std::string> forms = {"chr1\t5\t9\n",
                                          "chr1\t123456789\t987654321\n",
                                          "chr22\t16050000\t16050400\r\n",
                                          "chr1\t5\t9\tpeak\t0\t+\n",
                                          "chr1 5 9\n",
                                          "a_name_of_a_contig_that_is_long\t1\t22\n",
                                          "\n",
                                          "# a comment\twith\ttabs\n",
                                          "chr1\t0000000000005\t9\n",
                                          "chr2\t7\t7\t\n"};
  std::mt19937_64 random(11);
  for (int round = 0; round < 400; ++round) {
    std::string text;
    Rows expected;
    const std::size_t lines = pick(random, 1, 12);
    const std::size_t kinds = pick(random, 1, forms.size());
    for (std::uint64_t line = 1; line <= lines; ++line) {
      const std::string& form = forms[pick(random, 0, kinds - 1)];
      text += form;
      for (Row row : read(form).rows) {
        row.line = line;
        expected.push_back(row);
      }
    }
    REQUIRE(read(text).rows == expected);
  }
}

TEST_CASE("texts without any region are read as none") {
  for (const std::string& text : {""s, "\n"s, "\r\n"s, "\xEF\xBB\xBF"s, "\xEF\xBB\xBF\n"s, "# c"s,
                                  "\n\n \n"s, "track"s, "chrom\tstart\tend"s, "#"s}) {
    CHECK(read(text).rows.empty());
  }
}

TEST_CASE("comments, track, browser and a line of column names are kept as the header") {
  const auto result = read(
      "browser position chr1:1-2\n"
      "track name=x\r\n"
      "# note\n"
      "Chrom\tchromStart\tchromEnd\tname\n"
      "chr1\t1\t2\n"
      "#late\n"
      "track\n"
      "chr1\t3\t4\n"
      "track\ttype=bed\n");
  CHECK(result.rows == Rows{{"chr1", 1, 2, "", 5}, {"chr1", 3, 4, "", 8}});
  CHECK(
      result.header ==
      "browser position chr1:1-2\ntrack name=x\n# note\nChrom\tchromStart\tchromEnd\tname\n#late\n"
      "track\ntrack\ttype=bed");
}

TEST_CASE("names that only begin like track and browser are chromosomes") {
  CHECK(read("tracker\t1\t2\nbrowsers\t1\t2\ntrack1 1 2\n").rows ==
        Rows{{"tracker", 1, 2, "", 1}, {"browsers", 1, 2, "", 2}, {"track1", 1, 2, "", 3}});
}

TEST_CASE("one line of column names is accepted, only before the first region") {
  CHECK(read("seqnames start end\nchr1 1 2\n").rows == Rows{{"chr1", 1, 2, "", 2}});
  CHECK(read("#x\n\nchrom\tstart\tend\nchr1\t1\t2\n").rows == Rows{{"chr1", 1, 2, "", 4}});
  CHECK(refusal("chrom\tstart\tend\nchrom\tstart\tend\n") ==
        "peaks.bed:2: " + not_a_coordinate("start", "start"));
  CHECK(refusal("chr1\t1\t2\nchrom\tstart\tend\n") ==
        "peaks.bed:2: " + not_a_coordinate("start", "start"));
}

TEST_CASE("numbers gone wrong in the first line are no column names") {
  for (const std::string value :
       {"NaN", "nan", "NA", "inf", "Infinity", "None", "null", "1e5x", "-", "."}) {
    CHECK(refusal("chr1\t" + value + "\t" + value + "\n") ==
          "peaks.bed:1: " + not_a_coordinate("start", value));
  }
  CHECK(refusal("chr1\tstart\t100\n") == "peaks.bed:1: " + not_a_coordinate("start", "start"));
  CHECK(refusal("chr1\t100\tend\n") == "peaks.bed:1: " + not_a_coordinate("end", "end"));
}

TEST_CASE(
    "what is not decimal digits that fit is refused with the value, on the first line and later") {
  const std::string value =
      GENERATE(as<std::string>{}, "-1", "+1", "1.0", "1.", ".5", "1e3", "0x10", "1,000",
               "4294967296", "9999999999", "99999999999999999999999", " 1", "1 ", "12a", "a12",
               "1-", "chr1", "1_000", "\xd9\xa1", "\xef\xbc\x91");
  INFO(value);
  for (const std::string& before : {""s, known, known + known}) {
    const std::string place =
        "peaks.bed:" + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ": ";
    for (const std::string& after : {"\n"s, ""s, "\r\n"s, "\tpeak\n"s, "\tpeak"s}) {
      CHECK(refusal(before + "chr1\t" + value + "\t5" + after) ==
            place + not_a_coordinate("start", value));
      CHECK(refusal(before + "chr1\t5\t" + value + after) ==
            place + not_a_coordinate("end", value));
    }
  }
}

TEST_CASE("an empty coordinate is refused") {
  for (const std::string& before : {""s, known}) {
    const std::string place = before.empty() ? "peaks.bed:1: " : "peaks.bed:2: ";
    CHECK(refusal(before + "chr1\t\t5\n") == place + not_a_coordinate("start", ""));
    CHECK(refusal(before + "chr1\t5\t\n") == place + not_a_coordinate("end", ""));
    CHECK(refusal(before + "chr1\t5\t\r\n") == place + not_a_coordinate("end", ""));
    CHECK(refusal(before + "chr1\t5\t\tx\n") == place + not_a_coordinate("end", ""));
  }
}

TEST_CASE("leading zeros are digits, however many") {
  CHECK(read("chr1\t007\t0000000000000000009\n").rows == Rows{{"chr1", 7, 9, "", 1}});
  CHECK(read(known + "chr1\t000000001\t0000000002\n").rows.back() == Row{"chr1", 1, 2, "", 2});
}

TEST_CASE("the largest coordinate is read, of 32 and of 64 bits") {
  CHECK(read("c\t4294967295\t4294967295\n").rows == Rows{{"c", 4294967295, 4294967295, "", 1}});
  CHECK(read<std::uint64_t>("c\t4294967296\t18446744073709551615\nc\t1\t999999999\n").rows ==
        Rows{{"c", 4294967296, 18446744073709551615u, "", 1}, {"c", 1, 999999999, "", 2}});
  CHECK(
      refusal<std::uint64_t>("c\t0\t18446744073709551616\n") ==
      "peaks.bed:1: end '18446744073709551616' is not a coordinate, expected decimal digits from 0 "
      "to 18446744073709551615");
}

TEST_CASE("an end before its start is refused with both") {
  CHECK(refusal("chr1\t9\t5\n") == "peaks.bed:1: end 5 is before start 9");
  CHECK(refusal(known + "# c\nchr1\t9\t5\tx\n") == "peaks.bed:3: end 5 is before start 9");
  CHECK(refusal("chr1 4294967295 0") == "peaks.bed:1: end 0 is before start 4294967295");
}

TEST_CASE("an empty name is refused") {
  const std::string message = "the chromosome name is empty, expected a name in the first column";
  CHECK(refusal("\t1\t2\n") == "peaks.bed:1: " + message);
  CHECK(refusal(known + "\t1\t2\tx") == "peaks.bed:2: " + message);
}

TEST_CASE("fewer than three columns are refused with the line") {
  const std::string expected = ", expected chromosome, start and end separated by tabs";
  CHECK(refusal("chr1\n") == "peaks.bed:1: the line has 1 column ('chr1')" + expected);
  CHECK(refusal(known + "chr1\t5\n") ==
        "peaks.bed:2: the line has 2 columns ('chr1\\t5')" + expected);
  CHECK(refusal("chr1 5  ") == "peaks.bed:1: the line has 2 columns ('chr1 5  ')" + expected);
  CHECK(refusal("chr1:5-9") == "peaks.bed:1: the line has 1 column ('chr1:5-9')" + expected);
  CHECK(refusal("chr1,5,9\n") == "peaks.bed:1: the line has 1 column ('chr1,5,9')" + expected);
  CHECK(refusal(std::string(100, 'x')) ==
        "peaks.bed:1: the line has 1 column ('" + std::string(60, 'x') + "...')" + expected);
}

TEST_CASE("a NUL byte is refused with its column, wherever it stands") {
  const std::string line = "chr1\t10\t20\tpeak";
  for (std::size_t at = 0; at <= line.size(); ++at) {
    std::string text = line;
    text.insert(at, 1, '\0');
    const std::string message = "a NUL byte stands at column " + std::to_string(at + 1) +
                                ", expected BED text: is the file binary or UTF-16?";
    INFO(at);
    CHECK(refusal(text + "\n") == "peaks.bed:1: " + message);
    CHECK(refusal(known + text) == "peaks.bed:2: " + message);
    CHECK(refusal(known + text + "\r\n" + known) == "peaks.bed:2: " + message);
  }
  CHECK(refusal("# comment\0\n"s).find("peaks.bed:1: a NUL byte stands at column 10") == 0);
  CHECK(
      refusal("\xFF\xFE"s + "c\0h\0r\0\n\0"s).find("peaks.bed:1: a NUL byte stands at column 4") ==
      0);
}

TEST_CASE("a name that is not UTF-8 is refused, one that is may hold any character") {
  CHECK(refusal("chr\xE4\t1\t2\n") ==
        "peaks.bed:1: the chromosome name 'chr\\xe4' is not UTF-8, expected text");
  CHECK(refusal(known + "\x80\t1\t2\n") ==
        "peaks.bed:2: the chromosome name '\\x80' is not UTF-8, expected text");
  CHECK(read("chr\xC3\xA4\t1\t2\n").rows == Rows{{"chr\xC3\xA4", 1, 2, "", 1}});
}

TEST_CASE(
    "line ends that were converted twice are taken off, a carriage return within a rest stays") {
  for (const std::string& head : {""s, known}) {
    const Rows rows = read(head + "chr1\t1\t2\tname\r\r\nchr1\t1\t2\r\r\nchr1\t1\t2\ta\rb\n").rows;
    REQUIRE(rows.size() >= 3);
    CHECK(rows[rows.size() - 3].rest == "name");
    CHECK(rows[rows.size() - 2].rest.empty());
    CHECK(rows[rows.size() - 1].rest == "a\rb");
    CHECK(refusal(head + "c\rchr1\t1\t2\n").find("holds a carriage return") != std::string::npos);
  }
}

TEST_CASE("lines that are wrong are left out where that is asked for, and counted") {
  const std::string text =
      "#head\nchrom\tstart\tend\nchr1\t1\t2\nchr1\t9\t5\nchr1\nchr2\t3\t4\trest\nchr2\t-1\t4\n"
      "chr\xE4\t1\t2\nchr3\t5\t6";
  ChromTable chroms;
  bedtok::SkippedLines skipped;
  bedtok::io::MemorySource source(text, "peaks.bed");
  RegionLineReader<std::uint32_t> reader(source, chroms, &skipped);
  Rows rows;
  reader.read([&](ChromTable::Id chrom, std::uint32_t start, std::uint32_t end,
                  std::string_view rest, std::uint64_t line) {
    rows.push_back({chroms.name(chrom), start, end, std::string(rest), line});
  });
  CHECK(rows == Rows{{"chr1", 1, 2, "", 3}, {"chr2", 3, 4, "rest", 6}, {"chr3", 5, 6, "", 9}});
  CHECK(skipped.count == 4);
  REQUIRE(skipped.first.size() == 4);
  CHECK(skipped.first[0].line == 4);
  CHECK(skipped.first[0].message == "end 5 is before start 9");
  CHECK(skipped.first[3].line == 8);
  CHECK(reader.header() == "#head\nchrom\tstart\tend");
}

TEST_CASE("an error knows its path and line") {
  try {
    read(known + "chr1\tx\t5\n");
    FAIL("nothing was thrown");
  } catch (const ParseError& error) {
    CHECK(error.path() == "peaks.bed");
    CHECK(error.line() == std::optional<std::uint64_t>(2));
  }
}

TEST_CASE("names of any length are read, known or not, and stay apart") {
  std::string text;
  Rows expected;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t length = 1; length <= 150; ++length) {
      std::string name(length, 'n');
      for (const char last : {'a', 'b'}) {
        name.back() = last;
        text += name + "\t12\t345\tx\n";
        expected.push_back({name, 12, 345, "x", expected.size() + 1});
      }
    }
  }
  CHECK(read(text).rows == expected);
}

TEST_CASE("more short names than the reader remembers are distinguished") {
  std::string text;
  Rows expected;
  std::mt19937_64 random(81);
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "c" + std::to_string(pick(random, 0, 2000));
    text += name + "\t1\t2\n";
    expected.push_back({name, 1, 2, "", expected.size() + 1});
  }
  CHECK((read(text).rows == expected));
}

namespace {

// A text of more than `size` bytes of every kind of line, and what must be read from it.
struct Generated {
  std::string text;
  Rows rows;
};

Generated generate(std::mt19937_64& random, std::size_t size, std::size_t longest_rest) {
  Generated out;
  std::uint64_t line = 0;
  if (pick(random, 0, 1)) out.text = "\xEF\xBB\xBF";
  while (out.text.size() < size) {
    ++line;
    const std::string line_end = pick(random, 0, 4) == 0 ? "\r\n" : "\n";
    const auto kind = pick(random, 0, 30);
    if (kind == 0) {
      out.text += line_end;
    } else if (kind == 1) {
      out.text += "# " + std::string(pick(random, 0, longest_rest), '#') + line_end;
    } else if (kind == 2) {
      out.text += "track name=\"" + std::string(pick(random, 0, 100), 't') + "\"" + line_end;
    } else {
      const std::string chrom = kind < 25 ? "chr" + std::to_string(pick(random, 1, 22))
                                          : "chrUn_" + std::string(pick(random, 0, 80), 'x') +
                                                std::to_string(pick(random, 0, 50));
      const std::uint64_t start = pick(random, 0, 0xFFFFFFFFu) >> pick(random, 0, 31);
      const std::uint64_t end =
          start + (pick(random, 0, 0xFFFFFFFFu - start) >> pick(random, 0, 31));
      std::string rest;
      const std::size_t length =
          pick(random, 0, 2) == 0 ? pick(random, 0, longest_rest) : pick(random, 0, 20);
      for (std::size_t i = 0; i < length; ++i) rest.push_back("ab\t.+ 5"[pick(random, 0, 6)]);
      const bool spaces = pick(random, 0, 20) == 0;
      if (spaces) {
        for (char& c : rest) c = c == '\t' || c == ' ' ? '_' : c;
      }
      const std::string between = spaces ? std::string(pick(random, 1, 3), ' ') : "\t";
      out.text += chrom + between + std::to_string(start) + between + std::to_string(end);
      if (!rest.empty() || pick(random, 0, 1)) out.text += between + rest;
      out.text += line_end;
      out.rows.push_back({chrom, start, end, rest, line});
    }
  }
  if (pick(random, 0, 1)) {
    while (!out.text.empty() && (out.text.back() == '\n' || out.text.back() == '\r'))
      out.text.pop_back();
  }
  return out;
}

}  // namespace

TEST_CASE("lines that straddle the reader's pieces are read like others") {
  std::mt19937_64 random(82);
  for (int round = 0; round < 8; ++round) {
    const auto generated =
        generate(random, 650000 + pick(random, 0, 300000), round < 6 ? 90 : 4000);
    CHECK((read(generated.text).rows == generated.rows));
    support::TrickleSource source(generated.text, 40000, 1);
    CHECK((read(source).rows == generated.rows));
  }
}

TEST_CASE("a source that gives few bytes at a time is read like others") {
  std::mt19937_64 random(83);
  for (int round = 0; round < 30; ++round) {
    const auto generated = generate(random, 1500, 60);
    support::TrickleSource source(generated.text, pick(random, 1, 9),
                                  static_cast<std::uint64_t>(round));
    CHECK((read(source).rows == generated.rows));
  }
}

TEST_CASE("a line longer than the reader's buffer is read whole") {
  for (const std::size_t length : support::Sizes{262143, 262144, 262145, 600000, 3000000}) {
    const std::string rest(length, 'r');
    CHECK((read(known + "chr1\t1\t2\t" + rest + "\r\nchr1\t3\t4\n").rows ==
           Rows{{"chr1", 0, 1, "", 1}, {"chr1", 1, 2, rest, 2}, {"chr1", 3, 4, "", 3}}));
    CHECK((read("chr1\t1\t2\t" + rest).rows == Rows{{"chr1", 1, 2, rest, 1}}));
  }
}

namespace {

// So many bytes of one letter after a first region.
class EndlessLine final : public bedtok::io::ByteSource {
 public:
  std::size_t read(char* to, std::size_t room) override {
    std::memset(to, 'x', room);
    if (first_) std::memcpy(to, known.data(), known.size());
    first_ = false;
    return room;
  }
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size_hint() const noexcept override { return 0; }

 private:
  bool first_ = true;
  std::string name_ = "endless";
};

}  // namespace

TEST_CASE("a line without an end is refused and not read for ever") {
  EndlessLine source;
  CHECK(message_of<ParseError>([&] { read(source); }) ==
        "endless:2: the line is longer than 64 MiB, expected BED text: is the file binary?");
}

TEST_CASE("comments are held up to a bound") {
  const std::string line = "#" + std::string((std::size_t{1} << 25) - 1, 'x') + "\n";
  CHECK(message_of<ParseError>([&] { read(line + line + "#\nchr1\t1\t2\n"); }) ==
        "peaks.bed:3: lines of comments and names are longer than 64 MiB together, expected BED "
        "text: leave them out");
}

namespace {

// Section 2 of docs/guarantees.md line by line, written for plainness: the rows, or the line that
// is refused.
struct Plain {
  Rows rows;
  std::uint64_t refused = 0;
};

std::optional<std::uint64_t> plain_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return {};
  long double value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  if (value > 4294967295.0L) return {};
  return static_cast<std::uint64_t>(value);
}

bool plain_word(const std::string& text) {
  constexpr auto letters = "abcdefghijklmnopqrstuvwxyz";
  return !text.empty() && text.find_first_of(letters) == 0 &&
         text.find_first_not_of("0123456789.-_ "s + letters) == std::string::npos;
}

Plain read_plainly(const std::string& text) {
  Plain out;
  std::uint64_t number = 0;
  bool names_seen = false;
  for (std::size_t at = 0; at < text.size();) {
    ++number;
    const auto line_end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, line_end - at);
    at = line_end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos || line[0] == '#') {
      if (line.find('\0') == std::string::npos) continue;
    }
    out.refused = number;
    if (line.find('\0') != std::string::npos) return out;
    std::vector<std::string> columns;
    const bool tabs = line.find('\t') != std::string::npos;
    for (std::size_t from = 0; from <= line.size();) {
      if (!tabs && columns.size() < 3)
        from = std::min(line.find_first_not_of(' ', from), line.size());
      if (columns.size() == 3 || (!tabs && from == line.size())) {
        columns.push_back(line.substr(from));
        break;
      }
      const auto stop = std::min(line.find(tabs ? '\t' : ' ', from), line.size());
      columns.push_back(line.substr(from, stop - from));
      from = stop + 1;
    }
    if (!tabs && !columns.empty() && columns.back().empty()) columns.pop_back();
    if (!tabs && columns.size() == 4) {
      std::string& rest = columns[3];
      const auto first = rest.find_first_not_of(' ');
      rest = first == std::string::npos
                 ? ""
                 : rest.substr(first, rest.find_last_not_of(' ') - first + 1);
    }
    if (columns.size() < 3) return out;
    if (out.rows.empty() && !names_seen && plain_word(columns[1]) && plain_word(columns[2])) {
      names_seen = true;
      out.refused = 0;
      continue;
    }
    if (columns[0].empty()) return out;
    const auto start = plain_number(columns[1]);
    const auto end = plain_number(columns[2]);
    if (!start || !end || *start > *end) return out;
    out.refused = 0;
    out.rows.push_back({columns[0], *start, *end, columns.size() > 3 ? columns[3] : "", number});
  }
  return out;
}

}  // namespace

TEST_CASE("random lines, right and wrong, are read as a plain reader reads them") {
  std::mt19937_64 random(84);
  const std::vector<std::string> pieces = {
      "\t", "\t",         "\t",        "\n", "\n", "\r\n", " ",   "0",    "1",   "25",         "c",
      "c1", "4294967295", "123456789", "#",  "-1", "x",    "\0"s, "c\0"s, "\tc", "99999999999"};
  for (int round = 0; round < 60000; ++round) {
    std::string text;
    for (auto lines = pick(random, 1, 4); lines > 0; --lines) {
      if (pick(random, 0, 2) == 0) {
        for (auto n = pick(random, 0, 9); n > 0; --n)
          text += pieces[pick(random, 0, pieces.size() - 1)];
      } else {  // nearly right
        const std::string between = pick(random, 0, 4) ? "\t" : " ";
        text += "c" + std::to_string(pick(random, 0, 2)) + between;
        text += pieces[pick(random, 7, 8)] + between + pieces[pick(random, 7, 13)];
        if (pick(random, 0, 3) == 0) text += between + pieces[pick(random, 0, pieces.size() - 1)];
        if (pick(random, 0, 9) == 0)
          text.insert(pick(random, 0, text.size()), pieces[pick(random, 0, pieces.size() - 1)]);
      }
      if (pick(random, 0, 5)) text += "\n";
    }
    const Plain expected = read_plainly(text);
    Plain actual;
    try {
      actual.rows = read(text).rows;
    } catch (const ParseError& error) {
      actual.refused = error.line().value_or(0);
    }
    INFO(bedtok::detail::excerpt(text));
    REQUIRE(actual.refused == expected.refused);
    if (expected.refused == 0) REQUIRE(actual.rows == expected.rows);
  }
}
