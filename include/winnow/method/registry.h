// The methods by name. One line each in src/method/registry.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/method/method.h"
#include "winnow/method/selections.h"

namespace winnow::method {

using Tensors = std::map<std::string, Tensor>;

struct Entry {
  const char* name;
  std::unique_ptr<Method> (*make)();  // null: nothing is trained, `select` is all of it
  // The method's loss on its own, for kind `loss` of the golden cases: settings and inputs by the case's names ->
  // "loss" (a scalar) and, where the method has it, "each" (B). Null where the loss needs the engine.
  Tensors (*loss)(const Settings&, const Tensors&) = nullptr;
  // Of a detector that trains nothing: an earlier stage's scores (N x C) and the given labels (N) to what is kept.
  Selected (*select)(const Tensor& scores, const Tensor& given) = nullptr;
};

const std::vector<Entry>& registry();
const Entry& find_method(std::string_view name);             // UsageError with the nearest name
std::unique_ptr<Method> make_method(std::string_view name);  // the same, and for one that trains nothing

}  // namespace winnow::method
