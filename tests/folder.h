// A fresh folder that goes away with the test: no two tests, runs or checkouts share one.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "winnow/core/file.h"

namespace winnow {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "winnow-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  Path operator/(const Path& name) const { return path_ / name; }
  operator const Path&() const { return path_; }
  const Path& path() const { return path_; }
  std::string string() const { return path_.string(); }

 private:
  Path path_;
};

// Without the care of write_file_atomically: tests damage files.
inline void overwrite(const Path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace winnow
