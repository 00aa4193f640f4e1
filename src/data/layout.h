// How the data sets of the literature lie on disks: which images there are, and their classes. One file a family of
// layouts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "class_list.h"
#include "text_file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

struct Sample {
  std::string file;  // below the root
  std::int64_t label = 0;
  std::size_t line = 0;  // of its annotation file, from 1; 0: none
  std::size_t list = 0;  // which of its part's annotation files
};

struct Listing {
  std::vector<std::string> classes;
  struct Part {
    std::vector<Sample> samples;
    std::vector<Path> annotations;  // where the samples stand, for messages; at least one

    std::string place(const Sample&) const;  // FILE:LINE
  };
  Part train, test, unread;        // unread: listed by the publisher, and unused here (CoOp's val)
  std::int64_t first_label = 0;    // what the files call class 0, for messages
  std::vector<std::string> notes;  // human-readable: what is legal and may be a mistake
  std::vector<Path> read;          // what the listing depends on besides the images: files and folders below the root
};

// Layouts whose images are files of their own. DataError naming file and line for a missing or broken annotation, a
// label out of range, an image listed twice, an image that is not there, or another number of classes or images than
// the preset says.
Listing list_images(const Manifest&, const Path& root);

// What a preset's layout needs: roles of `files`, and keys of `options`. Empty optional: no layout of that name.
struct LayoutRules {
  std::vector<std::string> files, optional_files, options;

  bool splits_apart() const;  // the test images stand in a file or folder of their own
};
std::optional<LayoutRules> rules_of(const std::string& layout);
bool has_arrays(const Manifest&);  // decoded images of one size, no files of images
std::vector<std::string> layout_names();

// The layouts. Each fills samples, read and, unless the preset says them, classes.
Listing list_folders(const Manifest&, const Path& root);
Listing list_lines(const Manifest&, const Path& root);        // "path label"
Listing list_named_lines(const Manifest&, const Path& root);  // "id class name"
Listing list_joined(const Manifest&, const Path& root);       // CUB-200-2011
Listing list_keys(const Manifest&, const Path& root);         // Clothing1M
Listing list_split_json(const Manifest&, const Path& root);   // CoOp
Listing list_csv(const Manifest&, const Path& root);
Listing list_json(const Manifest&, const Path& root);
Listing list_mat(const Manifest&, const Path& root);  // MATLAB level 5

// Shared by them.
struct NamedPart {
  std::string name;  // "train", "test"
  Listing::Part* part;
};
std::vector<NamedPart> parts_of(const Manifest&, Listing&);  // those that the data set has
ClassList note_class_list(const Manifest&, const Path& root, std::optional<std::int64_t> first,
                          Listing&);                 // read_class_list, into classes and read
std::string fault_of_name(const std::string& name);  // "is empty", "'...' is no text of one line in UTF-8"; empty: none
void require_plain_names(const std::vector<std::string>& classes,
                         const std::string& where);  // DataError for an empty one, and for what is no text of one line
std::int64_t whole_number(const std::string& text, const Lines&);
std::string option(const Manifest&, const char* key, const std::string& fallback = "");
std::int64_t number_option(const Manifest&, const char* key, std::int64_t fallback);
std::string image_name(const Manifest&, const std::string& listed,
                       const std::string& split);                       // options strip, prefix, suffix
std::string class_name_of(const Manifest&, const std::string& folder);  // options name_after, name_until

}  // namespace winnow::data
