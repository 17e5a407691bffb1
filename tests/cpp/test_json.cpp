// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/json.hpp>
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::ConfigError;
using bedtok::io::Json;
using bedtok::io::parse_json_object;
using support::message_of;

TEST_CASE("the text of a file is read whole") {
  const support::TemporaryFolder folder;
  const std::string text(50000, 'x');
  CHECK(bedtok::io::read_text(folder.file("a", text)) == text);
  CHECK(bedtok::io::read_text(folder.file("b", "")).empty());
  CHECK_THROWS_AS(bedtok::io::read_text(folder.path() / "c"), std::filesystem::filesystem_error);
}

TEST_CASE("text that is no JSON object is refused with its place") {
  const auto refused = [](const std::string& text) {
    return message_of<ConfigError>([&] { parse_json_object(text, "c.json"); });
  };
  CHECK(refused("{\"a\": }") == "c.json: not JSON at byte 7, expected a JSON object");
  CHECK(refused("") == "c.json: not JSON at byte 1, expected a JSON object");
  CHECK(refused("[1]") == "c.json: holds a JSON array, expected a JSON object");
  CHECK(refused("3") == "c.json: holds a JSON number, expected a JSON object");
  for (const char* text :
       {"{\"a\": 1} x", "{\"a\": 1", "{'a': 1}", "{\"a\": \"\xE4\"}", "{\"a\": 1e9999}"}) {
    INFO(text);
    CHECK(refused(text).rfind("c.json: ", 0) == 0);
  }
  CHECK(refused("{\"a\": [1e9999]}") ==
        "c.json: holds a number beyond the largest double, expected smaller ones");
}

TEST_CASE("JSON that is nested without end is refused and crashes nothing") {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text = "{\"mapping\": ";
    for (int i = 0; i < 300000; ++i) text += open;
    CHECK_THROWS_AS(parse_json_object(text, "c.json"), ConfigError);
  }
  std::string text = "{\"mapping\": " + std::string(300000, '[') + std::string(300000, ']') + "}";
  CHECK(message_of<ConfigError>([&] { parse_json_object(text, "c.json"); }) ==
        "c.json: nested more than 100 levels deep, expected a tokenizer's settings");
}

TEST_CASE("a value of another type is refused with its key, its value and what was expected") {
  const Json json = parse_json_object(R"({"size": 5, "word": "x", "list": [1]})", "c.json");
  const auto size = [&](const Json& value) {
    return bedtok::io::value_of<int>(value, "c.json", "size", "a whole number",
                                     value.is_number_integer());
  };
  CHECK(size(json["size"]) == 5);
  CHECK(message_of<ConfigError>([&] { size(json["word"]); }) ==
        "c.json: size is \"x\", expected a whole number");
  CHECK(bedtok::io::text_of(json["word"], "c.json", "word") == "x");
  CHECK(message_of<ConfigError>([&] { bedtok::io::text_of(json["list"], "c.json", "list"); }) ==
        "c.json: list is [1], expected a text");
}
