// The keys of one method's experiments, common ones and its own, sorted, under small numbers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// Points into the catalogue that it was made from.
class Schema {
 public:
  struct Guard {
    int key;
    const std::vector<Value>* any;
  };
  struct Entry {
    const Key* key;
    const std::string* source;  // the preset that declares it
    std::vector<Guard> guards;  // all must hold for the key to exist
    int default_refers = -1;    // the key that what the canonical form leaves out names
    int alternatives = 1;       // of the first of several: how many follow under the same name, itself included
  };

  Schema(const Catalogue&, const Method*);  // no method: the common keys alone

  const Method* method() const { return method_; }
  int size() const { return static_cast<int>(entries_.size()); }
  const Entry& operator[](int key) const { return entries_[static_cast<std::size_t>(key)]; }
  // -1 for none. Methods that one stage may run may declare a key differently: then it is the first of `alternatives`
  // entries, of which an experiment has at most one (Effective::index).
  int index(std::string_view key) const;

 private:
  const Method* method_;
  std::vector<Entry> entries_;
};

class Schemas {
 public:
  explicit Schemas(const Catalogue&);
  const Schema& of(std::string_view method) const;  // the common keys alone for a name that is no method

 private:
  Schema common_;
  std::map<std::string, Schema, std::less<>> methods_;
};

}  // namespace winnow::sweep
