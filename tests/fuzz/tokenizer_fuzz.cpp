// Mutates a tokenizer.json, or a vocab.json or merges.txt of CLIP's, and encodes texts with it: DataError and
// UsageError are the only legal ways to fail, with one line of text. Deterministic: the same count gives the same
// inputs, and a failing input is printed.
//   tokenizer_fuzz FILE... [COUNT]
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "fault.h"
#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/text/tokenizer.h"

namespace {

using namespace winnow;

const std::vector<std::string> kPieces = {
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "-1",
    "1e99",
    "0",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\xff",
    std::string(1, '\0'),
    "\\u0000",
    "\"type\": \"Lowercase\"",
    "\"type\": \"Sequence\"",
    "\"type\": \"Unigram\"",
    "\"type\": \"BPE\"",
    "\"normalizers\": []",
    "\"Regex\": \"(\"",
    "\"Regex\": \"\"",
    "\"String\": \"\"",
    "\"unk_id\": 99999999",
    "\"vocab\": []",
    "\"merges\": [\"a\"]",
    "\"precompiled_charsmap\": \"AAAA\"",
    "\"ids\": []",
    "\r\n",
    "\r",
    "\xEF\xBB\xBF",
    " ",
    "\n\n",
    "#version: 0.2\n",
    "\"behavior\": \"Isolated\"",
    "\"content\": \"\"",
    "\"id\": \"x\"",
    "\"cls\": []",
};

const char* const kTexts[] = {"a photo of a cat.",
                              "",
                              " ",
                              "\u00c9t\u00e9 \u6771\u4eac \U0001F431",
                              "<|startoftext|> </s> x",
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

// `file` is tokenizer.json, or one of CLIP's pair, whose other half lies beside it.
std::string fault_of(const Path& file, const std::string& text) {
  return fuzz::fault_of<Error>([&] {
    text::SnapshotFiles snapshot;
    snapshot.source = "fuzz";
    bool pair = file.filename() != "tokenizer.json";
    if (pair)
      for (const char* name : {"vocab.json", "merges.txt"}) snapshot.files[name] = read_file(file.parent_path() / name);
    snapshot.files[file.filename().string()] = text;
    std::unique_ptr<text::Tokenizer> tokenizer;
    if (pair) tokenizer = text::ClipTokenizer::from(snapshot);
    else tokenizer = text::json_tokenizer(snapshot);
    for (const char* sentence : kTexts) tokenizer->encode(sentence, 16, text::TooLong::cut);
    return "";
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "tokenizer_fuzz TOKENIZER_JSON... [COUNT]\n"), 2;
  int files = argc - 1, count = std::atoi(argv[argc - 1]);
  if (count > 0) --files;
  else count = 2000;
  for (int file = 1; file <= files; ++file) {
    fuzz::Mutator mutator(read_file(argv[file]), kPieces);
    for (int i = 0; i < count; ++i) {
      std::string text = mutator.next(), fault = fault_of(argv[file], text);
      if (fault.empty()) continue;
      fmt::print("mutation {} of {} {}\n{}\n", i, argv[file], fault, text);
      return 1;
    }
    fmt::print("{} mutations of {}\n", count, argv[file]);
  }
}
