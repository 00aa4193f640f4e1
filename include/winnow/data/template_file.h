// Class texts written for one data set, by hand or by a language model: templates for every class, texts of
// single classes, or both. `winnow data templates` records such a file under a name, and sweeps name it wherever they
// name a prompt.
//
//   { "format": "winnow-templates/1", "dataset": "EuroSAT", "source": "who or what wrote it, when, asked what",
//     "templates": ["a satellite image showing {}.", ...],
//     "classes": { "Annual Crop Land": ["rows of green", ...], ... } }
//
// The texts of a class are the templates with its name, then its own; all weigh alike. A class's own text may hold {}
// for the name.
//
// Class texts are published in a plainer form, {"Annual Crop Land": ["rows of green", ...], ...}, which is read, too:
// whole sentences (CuPL), or descriptors alone (classify_by_description), of which a reading makes sentences.
//
// Names are those of the data set's classes; case, blanks, underscores and hyphens may differ where it stays clear
// which class is meant. docs/methods/partial-labels.md#3.2 (`descriptor`), docs/methods/unsupervised.md#2.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

struct TemplateReading {
  bool descriptors = false;     // texts of the plain form are descriptors: "two legs" is "{}, which has two legs"
  bool ignore_unknown = false;  // texts of classes that the data set does not have are left out
};

struct TemplateFile {
  std::string dataset, source;  // empty in the plain form
  std::vector<std::string> templates;
  std::map<std::string, std::vector<std::string>> classes;

  // DataError naming `file` and what is wrong in it: no JSON, a key that is unknown, missing or there twice, an empty
  // text, a template without exactly one {}.
  static TemplateFile parse(const std::string& content, const std::string& file);
  bool is_plain() const { return source.empty(); }
  // With its classes called as the data set calls them. DataError that names all classes without text and all names
  // that are none of these (with the nearest), or two names of one class.
  TemplateFile of(const std::vector<std::string>& class_names, const std::string& file,
                  bool ignore_unknown = false) const;
  std::string json() const;  // as a file with a format
  // By class. DataError as `of`.
  std::vector<std::vector<std::string>> texts(const std::vector<std::string>& class_names,
                                              const std::string& file) const;
};

struct TemplateRecord {
  std::string name, dataset;
  std::string fingerprint;               // hex, of the copy's bytes
  std::size_t templates = 0, texts = 0;  // texts: of all classes
  std::string note;                      // of record_templates alone: what may be a mistake
};

// Keeps a copy of the file in the cache folder; of the plain form, and where classes are left out, what was read of it.
// DataError where it is not one of this data set; UsageError for a name that is no file name, or is that of a set that
// winnow ships.
TemplateRecord record_templates(const std::string& name, const Record& dataset, const Path& file,
                                const TemplateReading& = {});

std::vector<TemplateRecord> recorded_templates();  // by data set and name

// Class texts that winnow ships, under the name kShippedTexts: what CoFT's tables take for a language model's, for the
// data sets of its tables and Fashion-MNIST (sweeps/coft/templates). Texts that were recorded under this name for a
// data set take the place of those. Nothing but names and fingerprints is filled in; by data set.
inline constexpr const char* kShippedTexts = "llm";
std::vector<TemplateRecord> shipped_templates();

// The texts of a shipped or a recorded file by its fingerprint. DataError when it is not on this machine or was
// damaged.
std::vector<std::vector<std::string>> recorded_texts(const std::string& fingerprint,
                                                     const std::vector<std::string>& class_names);
// Those of single classes alone, without the templates. DataError, too, where a class has none.
std::vector<std::vector<std::string>> recorded_descriptions(const std::string& fingerprint,
                                                            const std::vector<std::string>& class_names);

}  // namespace winnow::data
