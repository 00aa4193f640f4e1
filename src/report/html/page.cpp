// The page itself: sections in the order in which a reader asks.
#include "winnow/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "../formatting.h"
#include "embedded.h"
#include "svg.h"
#include "winnow/core/printable.h"
#include "winnow/core/revision.h"
#include "winnow/report/gpu_hours.h"

namespace winnow::report {

namespace html {

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '&') result += "&amp;";
    else if (c == '"') result += "&quot;";
    else result += c;
  }
  return result;
}

}  // namespace html

namespace {

using html::escaped;

// A trainer's last lines stay lines.
std::string lines(const std::string& text) {
  std::string result;
  for (std::size_t start = 0, end; start < text.size(); start = end + 1) {
    end = std::min(text.find('\n', start), text.size());
    result += escaped(text.substr(start, end - start)) + "\n";
  }
  return result;
}

// Samples of every cell, for the dialog that shows where a number comes from. "<" could end the script element.
std::string safe_json(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 6) text.replace(at, 1, "\\u003c");
  return text;
}

std::vector<std::size_t> positions(const std::vector<std::string>& axes, const std::vector<std::string>& wanted) {
  std::vector<std::size_t> result;
  for (const std::string& axis : wanted) {
    auto found = std::find(axes.begin(), axes.end(), axis);
    result.push_back(found == axes.end() ? axes.size() : static_cast<std::size_t>(found - axes.begin()));
  }
  return result;
}

Header part(const Table::Sample& sample, const std::vector<std::size_t>& at, const Table& table) {
  Header header;
  for (std::size_t i : at)
    header.push_back(i < sample.values.size() ? sample.values[i] : table.samples.empty() ? "" : "");
  return header;
}

std::string joined(const std::vector<std::string>& axes, const Header& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("{}{}{}", i ? ", " : "", i < axes.size() && axes[i] != "method" ? axes[i] + " " : "",
                        printable(values[i]));
  return text;
}

class Writer {
 public:
  explicit Writer(const Page& page) : page_(page) {}

  std::string write() {
    head();
    claims();
    tables();
    figures();
    charts("learning", "Learning curves", page_.learning,
           "Mean over seeds; the band is one sample standard deviation.");
    charts("selection", "Selection quality", page_.selection,
           "Against the true labels, after every epoch. True labels reach this chart alone, never the training.");
    charts("rounds", "Pseudo-labels over rounds", page_.rounds,
           "Of the labels that a recipe without given ones makes for itself, round by round: how many are right "
           "(precision), of how many training images there is one (coverage). The last round of CoFT and CoFT+ is what "
           "both models confirm for the second phase. True labels reach this chart alone, never the training.");
    cluster();
    waiting();
    failures();
    provenance();
    out_ +=
        "</main><dialog id=\"source\" aria-labelledby=\"source-title\"><form method=\"dialog\"><h2 "
        "id=\"source-title\"></h2><button aria-label=\"Close\" "
        "class=\"close\">×</button></form><div id=\"source-body\" class=\"scroll\"></div></dialog>";
    out_ +=
        fmt::format("<script type=\"application/json\" id=\"samples\">{}</script><script>{}</script></body></html>\n",
                    safe_json(samples_), html::kScript);
    return std::move(out_);
  }

 private:
  void head() {
    double share = page_.planned ? 100.0 * static_cast<double>(page_.done) / static_cast<double>(page_.planned) : 0;
    out_ = fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><title>{} · winnow</title><style>{}</style></head><body>"
        "<a class=\"skip\" href=\"#tables\">To the tables</a><header><p class=\"brand\">winnow</p><h1>{}</h1><p "
        "class=\"question\">{}</p>"
        "<div class=\"progress\" role=\"progressbar\" aria-label=\"experiments done\" aria-valuemin=\"0\" "
        "aria-valuemax=\"{}\" aria-valuenow=\"{}\">"
        "<span style=\"width:{:.2f}%\"></span></div><p class=\"unit\">{} of {} experiments done</p></header><nav "
        "aria-label=\"Sections\"><a href=\"#tables\">Tables</a>",
        escaped(page_.name), html::kStyle, escaped(page_.name), escaped(page_.question), page_.planned, page_.done,
        share, page_.done, page_.planned);
    if (!page_.claims.empty()) out_ += "<a href=\"#claims\">Claims</a>";
    if (!page_.figures.empty()) out_ += "<a href=\"#figures\">Statistics</a>";
    if (!page_.learning.empty()) out_ += "<a href=\"#learning\">Learning</a>";
    if (!page_.selection.empty()) out_ += "<a href=\"#selection\">Selection</a>";
    if (!page_.rounds.empty()) out_ += "<a href=\"#rounds\">Rounds</a>";
    if (!page_.attempts.empty()) out_ += "<a href=\"#cluster\">Cluster</a>";
    if (!page_.waiting.empty()) out_ += "<a href=\"#waiting\">Waiting</a>";
    if (!page_.failures.empty()) out_ += fmt::format("<a href=\"#failures\">Failures ({})</a>", page_.failures.size());
    out_ += "<a href=\"#provenance\">Provenance</a></nav><main>";
  }

  void claims() {
    if (page_.claims.empty()) return;
    out_ += "<section id=\"claims\"><h2>Claims</h2>";
    for (const Judgement& result : page_.claims) {
      const char* tag = result.verdict == Verdict::held       ? "done"
                        : result.verdict == Verdict::not_held ? "failed"
                                                              : "open";
      out_ += fmt::format(
          "<p class=\"card claim\"><span class=\"tag {}\">{}</span> {}<br><span class=\"unit\">{}{}</span></p>", tag,
          to_string(result.verdict), escaped(result.claim.statement), escaped(numbers_of(result)),
          result.why.empty() ? "" : "; " + escaped(result.why));
    }
    out_ += "</section>";
  }

  void tables() {
    out_ += "<section id=\"tables\"><h2>Tables</h2>";
    for (const Table& table : page_.tables) add_table(table);
    out_ += "</section>";
  }

  void add_table(const Table& table) {
    std::map<std::pair<Header, Header>, nlohmann::json> cells;
    std::vector<std::size_t> row_at = positions(table.axes, table.row_axes),
                             column_at = positions(table.axes, table.column_axes);
    bool one_method = std::find(table.axes.begin(), table.axes.end(), "method") == table.axes.end();
    for (const Table::Sample& sample : table.samples) {
      Header row = part(sample, row_at, table), column = part(sample, column_at, table);
      if (one_method && !row.empty() && !table.rows.empty()) row[0] = table.rows[0][0];
      std::string what;
      for (std::size_t i = 0; i < table.axes.size() && i < sample.values.size(); ++i)
        if (table.axes[i] == "seed") what = "seed " + printable(sample.values[i]);
      cells[{row, column}].push_back({what, value_text(table, sample), sample.identity, printable(sample.file)});
    }
    if (table.name != page_.name) out_ += fmt::format("<h3>{}</h3>", escaped(table.name));
    if (!table.question.empty() && table.question != page_.question)
      out_ += fmt::format("<p class=\"question\">{}</p>", escaped(table.question));
    out_ += "<div class=\"scroll card\"><table class=\"results\"><thead><tr>";
    for (const std::string& axis : table.row_axes) out_ += fmt::format("<th scope=\"col\">{}</th>", escaped(axis));
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      out_ += fmt::format("<th scope=\"col\" class=\"number\">{}</th>", escaped(column_title(table, c)));
    out_ += "</tr></thead><tbody>";
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      out_ += "<tr>";
      for (std::size_t i = 0; i < table.rows[r].size(); ++i)
        out_ += fmt::format("<th scope=\"row\">{}</th>", escaped(row_label(table, r, i)));
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        add_cell(table, r, c, cells[{table.rows[r], table.columns[c]}]);
      out_ += "</tr>";
    }
    out_ += "</tbody></table></div><ul class=\"notes\">";
    for (const std::string& line : legend(table)) out_ += fmt::format("<li>{}</li>", escaped(line));
    out_ += "<li><b>best</b> and <u>second best</u> of a column; press a number to see its run files</li></ul>";
  }

  static std::string value_text(const Table& table, const Table::Sample& sample) {
    std::string text = sample.value ? number(table.metric, *sample.value) : "";
    return sample.beside ? text + " / " + number(*table.beside, *sample.beside) : text;
  }
  // The mark of a cell's only number is the cell's.
  static std::string marked_text(const Table& table, const Cell& cell) {
    if (!cell.beside) return escaped(mean_text(table, cell));
    return mean_text(table, cell, [](std::string text, Mark mark) {
      text = escaped(text);
      return mark == Mark::best ? "<b>" + text + "</b>" : mark == Mark::second ? "<u>" + text + "</u>" : text;
    });
  }

  void add_cell(const Table& table, std::size_t r, std::size_t c, const nlohmann::json& samples) {
    const Cell& cell = table.cells[r][c];
    if (cell.planned == 0) {
      out_ += "<td class=\"number none\" aria-label=\"not planned\">–</td>";
      return;
    }
    const char* mark = cell.beside                 ? ""
                       : cell.mark == Mark::best   ? " best"
                       : cell.mark == Mark::second ? " second"
                                                   : "";
    const char* missing = cell.done() < cell.planned ? " missing" : "";
    std::string title =
        fmt::format("{}: {}", joined(table.row_axes, table.rows[r]), joined(table.column_axes, table.columns[c]));
    samples_.push_back({{"title", title}, {"rows", samples.is_null() ? nlohmann::json::array() : samples}});
    std::string published = published_text(table, cell);
    out_ += fmt::format(
        "<td class=\"number\"><button type=\"button\" class=\"cell{}{}\" data-cell=\"{}\">{}{}</button>{}</td>", mark,
        missing, samples_.size() - 1, marked_text(table, cell),
        cell.done() < cell.planned ? fmt::format(" <small>{}</small>", count_text(cell)) : "",
        published.empty() ? "" : fmt::format("<br><small class=\"unit\">{}</small>", escaped(published)));
  }

  void figures() {
    if (page_.figures.empty()) return;
    out_ += "<section id=\"figures\"><h2>Statistics</h2><div class=\"charts\">";
    for (const auto& [title, svg] : page_.figures)
      out_ +=
          fmt::format("<figure class=\"card wide\"><figcaption><b>{}</b></figcaption>{}</figure>", escaped(title), svg);
    out_ += "</div></section>";
  }

  void charts(const char* id, const char* title, const std::vector<Chart>& charts, const char* words) {
    if (charts.empty()) return;
    out_ += fmt::format("<section id=\"{}\"><h2>{}</h2><p>{}</p><div class=\"charts\">", id, title, words);
    for (const Chart& chart : charts) out_ += html::chart(chart);
    out_ += "</div></section>";
  }

  void cluster() {
    if (page_.attempts.empty()) return;
    double busy = 0;
    std::set<std::string> hosts;
    std::size_t repeated = 0;
    for (const Attempt& attempt : page_.attempts) {
      busy += attempt.end - attempt.begin;
      hosts.insert(attempt.host);
      repeated += attempt.number > 1;
    }
    out_ += fmt::format(
        "<section id=\"cluster\"><h2>Cluster</h2><p>{} attempts on {} host{}, {:.1f} minutes of computing; {} of them "
        "tried a stage again.{}</p>"
        "<figure class=\"card wide\"><div class=\"scroll\">{}</div><ul class=\"legend\"><li><i class=\"key "
        "done\"></i>done</li><li><i class=\"key failed\"></i>failed or "
        "lost</li><li><i class=\"key returned\"></i>stopped</li><li><i class=\"key "
        "running\"></i>running</li></ul></figure>{}</section>",
        page_.attempts.size(), hosts.size(), hosts.size() == 1 ? "" : "s", busy / 60, repeated,
        page_.gpu_seconds > 0 ? " GPU-hours: " + gpu_hours(page_.gpu_seconds, page_.gpu_seconds_in_vain) + "." : "",
        html::timeline(page_.attempts), gpus());
  }

  static std::string gigabytes(double bytes) { return fmt::format("{:.1f} GB", bytes / 1e9); }

  // What is known of GPUs: how they stood when the run last looked, and what stages needed of them.
  std::string gpus() const {
    std::string text;
    auto most = std::ranges::max_element(page_.attempts, {}, &Attempt::device_memory);
    if (most->device_memory > 0)
      text += fmt::format("<p>Of its GPU a stage held at most {}: {}.</p>", gigabytes(most->device_memory),
                          escaped(most->label));
    if (page_.gpus.empty()) return text;
    text += fmt::format(
        "<h3>GPUs</h3><p>As the last run of this store saw them at {}.</p><div class=\"scroll\"><table><thead><tr><th "
        "scope=\"col\">host</th><th scope=\"col\">GPU</th><th scope=\"col\">memory</th><th "
        "scope=\"col\">utilisation</th><th scope=\"col\">temperature</th></tr></thead><tbody>",
        escaped(page_.gpus_seen));
    for (const Gpu& gpu : page_.gpus)
      text += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{:.0f} {}{}</td><td class=\"number\">{} of {}</td><td "
          "class=\"number\">{:.0f} %</td><td class=\"number\">{:.0f} °C</td></tr>",
          escaped(gpu.host), gpu.index, escaped(gpu.name),
          gpu.unusable.empty() ? "" : escaped(fmt::format(": lost: {}", gpu.unusable)), gigabytes(gpu.used),
          gigabytes(gpu.memory), gpu.utilisation, gpu.temperature);
    return text + "</tbody></table></div>";
  }

  void waiting() {
    if (page_.waiting.empty()) return;
    out_ += fmt::format("<section id=\"waiting\"><h2>Waiting</h2><p>{}</p><ul>", escaped(page_.waiting_seen));
    for (const Waiting& entry : page_.waiting)
      out_ += fmt::format("<li><b>{}</b> {}</li>", escaped(entry.what), escaped(entry.why));
    out_ += "</ul></section>";
  }

  void failures() {
    if (page_.failures.empty()) return;
    out_ += "<section id=\"failures\"><h2>Failures</h2>";
    for (const Failure& failure : page_.failures)
      out_ += fmt::format(
          "<details class=\"card\"{}><summary><b>{}</b> <span class=\"tag {}\">{}</span> attempt {}: {}</summary><p "
          "class=\"unit\">{}</p><pre>{}</pre></details>",
          failure.recovered ? "" : " open", escaped(failure.label), failure.recovered ? "done" : "failed",
          failure.recovered ? "done later" : "not done", failure.attempt, escaped(failure.message),
          escaped(failure.identity), lines(failure.lines.empty() ? "the trainer wrote nothing" : failure.lines));
    out_ += "</section>";
  }

  void provenance() {
    out_ += fmt::format(
        "<section "
        "id=\"provenance\"><h2>Provenance</h2><dl><dt>sweep</dt><dd><code>{}</code></dd><dt>store</dt><dd><code>{}</"
        "code></dd><dt>made by</dt><dd><code>winnow report {} "
        "--html</code>, winnow {}</dd></dl>",
        escaped(page_.sweep_file), escaped(page_.store), escaped(page_.sweep_file), escaped(std::string(revision())));
    programs();
    if (!page_.notes.empty()) {
      out_ += "<ul class=\"notes\">";
      for (const std::string& note : page_.notes) out_ += fmt::format("<li>{}</li>", escaped(note));
      out_ += "</ul>";
    }
    out_ += "</section>";
  }

  void programs() {
    if (page_.programs.empty()) return;
    out_ +=
        "<h3>Programs</h3><p>Methods that are programs of their user's: winnow handed over the samples and measured "
        "the "
        "answers; what computed them is in these files.</p><div class=\"scroll\"><table><thead><tr><th "
        "scope=\"col\">method</th><th scope=\"col\">preset</th><th scope=\"col\">command</th><th "
        "scope=\"col\">files</th><th scope=\"col\">fingerprint</th></tr></thead><tbody>";
    for (const PageProgram& program : page_.programs)
      out_ += fmt::format(
          "<tr><th "
          "scope=\"row\">{}</th><td><code>{}</code></td><td><code>{}</code></td><td><code>{}</code></td><td><code>"
          "{}</code></td></tr>",
          escaped(program.method), escaped(program.preset), escaped(program.command), escaped(program.files),
          escaped(program.fingerprint));
    out_ += "</tbody></table></div>";
  }

  const Page& page_;
  std::string out_;
  nlohmann::json samples_ = nlohmann::json::array();
};

}  // namespace

std::string render_html(const Page& page) { return Writer(page).write(); }

}  // namespace winnow::report
