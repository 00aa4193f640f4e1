// What commands about data sets have in common: finding a preset by its name, and lines about what is recorded.
#pragma once

#include "winnow/data/dataset.h"
#include "winnow/data/template_file.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

data::Manifest manifest_of(const sweep::Catalogue&, const std::string& dataset);  // UsageError with the nearest name
void print_labels(const data::Record&);  // a line for each set of labels that people gave
void print_notes(const data::Record&);   // a line for what may be a mistake
void print_templates(const data::TemplateRecord&);

}  // namespace winnow::cmd
