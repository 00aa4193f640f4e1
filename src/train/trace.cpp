#include "trace.h"

#include "winnow/device/transfer.h"

namespace winnow::train {

namespace {

std::map<std::string, at::Tensor> on_host(std::map<std::string, at::Tensor> tensors) {
  for (auto& [name, tensor] : tensors) tensor = device::to_host(tensor);
  return tensors;
}

}  // namespace

void put_trace(const Engine& engine, Trace& trace) {
  trace.logged = engine.logged();
  trace.parameters = on_host(engine.parameters());
  trace.states = on_host(engine.states());
  trace.first_gradients = on_host(engine.first_gradients());
}

}  // namespace winnow::train
