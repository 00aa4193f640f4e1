// Named parameters of a tower or module, and their trained handles.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace winnow::model {

// What a parameter is, for adaptations that tune by kind. `statistics`: BatchNorm's running moments, masks; no
// optimiser has them.
enum class Role { matrix, bias, norm, norm_bias, statistics, other };

// Graphs are built on `use`, an alias of `value` that is renewed at every update: a loss that reaches an output from
// before an update reaches an old alias and is found (docs/design.md#6). Layers keep pointers to parameters.
struct Parameter {
  std::string name;
  at::Tensor value;        // storage; the optimiser writes in place
  at::Tensor use;          // what layers compute with
  bool trainable = false;  // the adaptation lets it be trained
  bool trained = false;    // trainable, and in an optimiser
  Role role = Role::other;
  std::int64_t block = -1;  // of a transformer; -1: outside its blocks
  bool averaged = false;    // a running average that training moves
};

// Owns the parameters of one tower or module. Addresses stay valid for life. Not copyable.
class Weights {
 public:
  Weights() = default;
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  // The parameter is a copy of `value`, unless it is held nowhere else: what was just made for it (a stored tensor of
  // hundreds of megabytes) is taken over.
  Parameter* add(const std::string& name, at::Tensor value, bool trainable, Role role = Role::other,
                 std::int64_t block = -1);
  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  std::vector<Parameter*> trained();
  Parameter* find(const std::string& name);  // null where there is none
  std::int64_t trainable_values() const;     // numbers, not tensors

  void to(c10::Device);                  // moves them; before anything is trained
  void train_what_is_trainable();        // called when an optimiser takes these weights
  void renew();                          // new handles for what is trained
  void copy_from(const Weights& other);  // values, by position; the names must agree

 private:
  std::deque<Parameter> parameters_;
};

}  // namespace winnow::model
