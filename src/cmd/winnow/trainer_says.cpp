#include "trainer_says.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "winnow/core/error.h"
#include "winnow/core/file.h"
#include "winnow/core/shell_word.h"

namespace winnow::cmd {

std::optional<std::string> trainer_says(const std::vector<std::string>& words) {
  Path trainer = executable_folder() / "winnow-train";
  if (::access(trainer.c_str(), X_OK) != 0) return std::nullopt;
  std::string command = shell_word(trainer.string());
  for (const std::string& word : words) command += " " + shell_word(word);
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) throw DeviceError("cannot start " + trainer.string());
  std::string said;
  char piece[4096];
  while (std::size_t n = std::fread(piece, 1, sizeof piece, pipe)) said.append(piece, n);
  int status = ::pclose(pipe);
  if (status == 0) return said;
  while (!said.empty() && said.back() == '\n') said.pop_back();
  std::string line = said.substr(said.rfind('\n') + 1), prefix = "winnow-train: ";
  if (line.starts_with(prefix)) line.erase(0, prefix.size());
  throw DataError(line.empty() ? trainer.string() + " " + words.front() + " ended without a word" : line);
}

}  // namespace winnow::cmd
