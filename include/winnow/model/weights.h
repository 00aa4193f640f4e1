// Named parameters of a tower or module, and their trained handles.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace winnow::model {

// What a parameter is, for adaptations that tune by kind and for Weights::become_fp16. `statistics`: BatchNorm's
// running moments, masks; no optimiser has them. `embedding`: of the class token, of positions and of a text's tokens.
enum class Role { matrix, bias, norm, norm_bias, statistics, embedding, other };

// Graphs are built on `use`, an alias of `value` that is renewed at every update: a loss that reaches an output from
// before an update reaches an old alias and is found (docs/design.md#6). Layers keep pointers to parameters.
struct Parameter {
  std::string name;
  at::Tensor value;        // storage; the optimiser writes in place
  at::Tensor use;          // what layers compute with; fp16 of an fp32 `value` where embeddings are computed in fp16
  bool trainable = false;  // the adaptation lets it be trained
  bool trained = false;    // trainable, and in an optimiser
  Role role = Role::other;
  std::int64_t block = -1;  // of a transformer; -1: outside its blocks
  bool averaged = false;    // a running average that training moves
  bool wide = false;        // of pure fp16: its layer computes in its type, fp32, and gives the type of its input
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

  void to(c10::Device);  // moves them; before anything is trained
  // fp32 weights as OpenAI's CLIP has them, and with it the code of CoOp, UPL and DeFT: norms and their statistics stay
  // (wide), embeddings are stored in fp32 and computed with in fp16, all else is fp16. Before anything is trained, when
  // all parameters are there. docs/methods/noisy-labels.md#9.
  void become_fp16();
  void train_what_is_trainable();        // called when an optimiser takes these weights
  void renew();                          // new handles for what is trained
  void copy_from(const Weights& other);  // values, by position; the names must agree

 private:
  std::deque<Parameter> parameters_;
};

}  // namespace winnow::model
