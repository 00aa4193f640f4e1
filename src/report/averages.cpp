#include "averages.h"

#include <algorithm>
#include <set>

#include "same_value.h"

namespace winnow::report {

namespace {

// Headers that differ on one axis alone, under what they have in common; averages over another axis are left out.
std::vector<std::pair<Header, std::vector<std::size_t>>> groups(const std::vector<Header>& headers, std::size_t axis) {
  std::vector<std::pair<Header, std::vector<std::size_t>>> result;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Header common = headers[i];
    if (std::find(common.begin(), common.end(), kAverage) != common.end()) continue;
    common[axis] = kAverage;
    auto found = std::find_if(result.begin(), result.end(), [&](const auto& group) { return group.first == common; });
    if (found == result.end()) found = result.insert(result.end(), {common, {}});
    found->second.push_back(i);
  }
  return result;
}

}  // namespace

Averages::Averages(Table& table, const AxisValues& values, const ExperimentsOfCells& experiments,
                   const Results& results, const Results* beside)
    : table_(table), values_(values), experiments_(experiments), results_(results), beside_(beside) {}

bool Averages::add(const std::string& name) {
  auto place_in = [&](const std::vector<std::string>& axes) {
    return static_cast<std::size_t>(std::find(axes.begin(), axes.end(), name) - axes.begin());
  };
  std::size_t row_at = place_in(table_.row_axes), column_at = place_in(table_.column_axes);
  if (row_at < table_.row_axes.size()) {
    for (auto& [header, members] : groups(table_.rows, row_at)) {
      std::vector<Cell>& row = table_.cells.emplace_back();
      for (std::size_t c = 0; c < table_.columns.size(); ++c) {
        std::vector<CellPlace> places;
        for (std::size_t r : members) places.emplace_back(r, c);
        row.push_back(average_of({table_.rows.size(), c}, std::move(places)));
      }
      table_.average_rows.insert(table_.rows.size());
      table_.rows.push_back(header);
    }
  } else if (column_at < table_.column_axes.size()) {
    for (auto& [header, members] : groups(table_.columns, column_at)) {
      for (std::size_t r = 0; r < table_.rows.size(); ++r) {
        std::vector<CellPlace> places;
        for (std::size_t c : members) places.emplace_back(r, c);
        Cell cell = average_of({r, table_.columns.size()}, std::move(places));
        table_.cells[r].push_back(std::move(cell));
      }
      table_.average_columns.insert(table_.columns.size());
      table_.columns.push_back(header);
    }
  } else {
    return false;
  }
  return true;
}

Cell Averages::average_of(const CellPlace& place, std::vector<CellPlace> members) {
  Cell cell;
  std::optional<std::size_t> seed = values_.find("seed");
  std::set<std::string> planned;  // seeds
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> found;
  for (const CellPlace& member : members) {
    auto own = experiments_.find(member);
    if (own == experiments_.end()) continue;  // the sweep has none there
    for (std::size_t i : own->second) {
      std::string text = seed ? values_.text(*seed, i) : "";
      planned.insert(text);
      if (results_.experiments[i].value) found[text].first.push_back(*results_.experiments[i].value);
      if (beside_ && beside_->experiments[i].value) found[text].second.push_back(*beside_->experiments[i].value);
    }
  }
  cell.planned = planned.size();
  if (beside_) cell.beside.emplace();
  for (const auto& [text, values] : found) {
    auto add = [&](const std::vector<double>& all, std::vector<double>& to) {
      if (all.size() == members.size()) to.push_back(summarise(all).mean);
    };
    add(values.first, cell.values);
    if (beside_) add(values.second, cell.beside->values);
  }
  averages_.emplace_back(place, std::move(members));
  return cell;
}

void Averages::publish() {
  for (const auto& [place, members] : averages_) {
    auto publish = [&](Number& number, auto number_of) {
      if (number.published) return;
      Published mean{0.0, std::nullopt, std::nullopt, ""};
      for (const CellPlace& member : members) {
        const Number* own = number_of(table_.cells[member.first][member.second]);
        if (!own->published || !own->published->value) return;
        *mean.value += *own->published->value / static_cast<double>(members.size());
        mean.source = own->published->source;
      }
      number.published = mean;
    };
    Cell& cell = table_.cells[place.first][place.second];
    publish(cell, [](const Cell& member) -> const Number* { return &member; });
    if (cell.beside) publish(*cell.beside, [](const Cell& member) -> const Number* { return &*member.beside; });
  }
}

std::vector<Cell*> Averages::named(const Definition::Reference& reference) {
  std::vector<Cell*> cells;
  auto says = [&](const std::vector<std::string>& axes, const Header& header, const std::string& name,
                  const std::vector<std::string>& any) {
    auto at = std::find(axes.begin(), axes.end(), name) - axes.begin();
    return at < static_cast<std::ptrdiff_t>(axes.size()) &&
           std::any_of(any.begin(), any.end(), [&](const std::string& value) {
             return same_value(header[static_cast<std::size_t>(at)], value);
           });
  };
  for (const auto& [place, members] : averages_)
    if (std::all_of(reference.where.begin(), reference.where.end(), [&](const auto& entry) {
          return says(table_.row_axes, table_.rows[place.first], entry.first, entry.second) ||
                 says(table_.column_axes, table_.columns[place.second], entry.first, entry.second);
        }))
      cells.push_back(&table_.cells[place.first][place.second]);
  return cells;
}

}  // namespace winnow::report
