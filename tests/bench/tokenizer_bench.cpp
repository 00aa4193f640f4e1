// How long a text takes to become ids: CLIP's prompts, names with accents, and what needs repair.
//   bench-tokenizer [ROUNDS]
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "winnow/text/tokenizer.h"

int main(int argc, char** argv) {
  using namespace winnow;
  auto now = [] {
    return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  };  // of this process alone: other work does not count
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 200;
  double begun = now();
  auto tokenizer = text::ClipTokenizer::built_in(false);
  fmt::print("built-in vocabulary read in {:.1f} ms\n", now() - begun);
  const std::pair<const char*, std::vector<std::string>> kinds[] = {
      {"prompts",
       {"a photo of a golden retriever.", "a bad photo of the ankle boot.",
        "itap of a 2012 BMW M3 coupe, a type of car.", "a centered satellite photo of annual crop land."}},
      {"accents",
       {"a photo of cr\u00e8me br\u00fbl\u00e9e, a type of food.", "S\u00e3o Paulo \u2014 \u201cvery\u201d bright"}},
      {"repair", {"sch\u00c3\u00b6n &amp; gut", "a photo of a caf\u00c3\u00a9 \ufb01lter"}},
  };
  for (const auto& [name, texts] : kinds) {
    for (const std::string& one : texts) (void)tokenizer->encode(one, 77);  // what is made once
    std::size_t ids = 0;
    double start = now();
    for (int i = 0; i < rounds; ++i)
      for (const std::string& one : texts) ids += tokenizer->encode(one, 77).size();
    double ms = now() - start;
    fmt::print("{:8} {:.3f} ms a text ({} ids)\n", name,
               ms / (static_cast<double>(rounds) * static_cast<double>(texts.size())), ids);
  }
}
