#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "winnow/core/printable.h"
#include "winnow/report/render.h"

namespace winnow::report {

namespace {

// One line an experiment, whatever the values hold: who reads lines and no CSV gets them right, too.
void append_quoted(std::string& to, const std::string& value) {
  std::string text = printable(value);
  if (std::none_of(text.begin(), text.end(), [](char c) { return c == ',' || c == '"'; })) {
    to += text;
    return;
  }
  to += '"';
  for (char c : text) to.append(c == '"' ? 2 : 1, c);
  to += '"';
}

// Apart from the first metric's, which may be of another stage.
std::string beside_name(const Table& table) {
  const Metric& second = *table.beside;
  return second.column() == table.metric.column() ? second.stage + "." + second.column() : second.column();
}

}  // namespace

std::string render_csv(const Table& table) {
  std::string text;
  for (const std::string& axis : table.axes) {
    append_quoted(text, axis);
    text += ',';
  }
  text += "identity,";
  append_quoted(text, table.metric.column());
  if (table.beside) {
    text += ',';
    append_quoted(text, beside_name(table));
  }
  text += ",digest,file\n";
  for (const Table::Sample& sample : table.samples) {
    for (const std::string& value : sample.values) {
      if (value != "-") append_quoted(text, value);
      text += ',';
    }
    // All digits: the value as it was stored, a share stays a share.
    text += sample.identity;
    text += ',';
    if (sample.value) fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), *sample.value);
    if (table.beside) text += ',';
    if (sample.beside) fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), *sample.beside);
    text += ',';
    text += sample.digest;
    text += ',';
    append_quoted(text, sample.file);
    text += '\n';
  }
  return text;
}

}  // namespace winnow::report
