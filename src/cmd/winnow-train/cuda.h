// CUDA in this program, which is not linked with it.
#pragma once

namespace winnow::cmd {

// Loads the CUDA module where the command line says `--device cuda` or `cuda:NUMBER`, and is to come before anything of
// torch: what torch has once found absent stays absent. DeviceError saying what is missing: the module, a driver, a
// newer driver, a device.
void load_cuda_if_asked(int argc, char** argv);

}  // namespace winnow::cmd
