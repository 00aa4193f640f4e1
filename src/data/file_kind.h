// What lies at a path, without exceptions of the library: links that lead nowhere or to themselves are distinguished.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::data {

bool is_file(const Path&);  // through links
bool is_folder(const Path&);
bool is_there(const Path&);  // anything, a link that leads nowhere included

// Why a file cannot be read there: "is not there", "is a folder", "is a link that leads nowhere", "is a link to
// itself", or the system's reason.
std::string why_no_file(const Path&);

// The names in a folder that are folders or that are not, sorted bytewise as Python's sorted does, without what systems
// leave behind. DataError for a folder that cannot be listed, and for a link in it that leads nowhere: a class or an
// image would be lost without a word.
struct Names {
  std::vector<std::string> folders, files;
};
Names names_in(const Path& folder);
std::vector<std::string> names_in(const Path& folder, bool folders);

}  // namespace winnow::data
