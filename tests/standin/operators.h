// The stand-in's operators.
#pragma once

namespace standin {

void register_operators();  // at torch's dispatcher: kernels, and autocast with CUDA's lists
void register_autocast();

}  // namespace standin
