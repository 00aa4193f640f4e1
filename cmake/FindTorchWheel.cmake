# Imported targets over the torch wheel that launch/setup unpacks into deps/. Not find_package(Torch): that would demand a
# whole CUDA toolkit everywhere.
#   TorchWheel::cpu    libc10 and libtorch_cpu
#   TorchWheel::cuda   all of it; for libwinnow-cuda.so only
set(WINNOW_TORCH "${CMAKE_SOURCE_DIR}/deps/site/torch" CACHE PATH "The torch folder of the wheel")
find_path(TorchWheel_INCLUDE torch/extension.h PATHS ${WINNOW_TORCH}/include NO_DEFAULT_PATH)
find_library(TorchWheel_CPU torch_cpu PATHS ${WINNOW_TORCH}/lib NO_DEFAULT_PATH)
find_library(TorchWheel_C10 c10 PATHS ${WINNOW_TORCH}/lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchWheel REQUIRED_VARS TorchWheel_INCLUDE TorchWheel_CPU TorchWheel_C10
  REASON_FAILURE_MESSAGE "run launch/setup, or configure with -DWINNOW_TRAIN=OFF to build winnow alone")

if(TorchWheel_FOUND AND NOT TARGET TorchWheel::cpu)
  set(rpath "-Wl,-rpath,${WINNOW_TORCH}/lib")
  # libtorch_cpu needs libcudart and libcupti at load time: from the toolkit, or from the companion wheels beside torch.
  file(GLOB companions ${WINNOW_TORCH}/../nvidia/*/lib)
  foreach(folder IN LISTS companions ITEMS /usr/local/cuda/lib64 /usr/local/cuda/extras/CUPTI/lib64)
    string(APPEND rpath ",-rpath-link,${folder}")
  endforeach()
  # The wheel carries headers of another fmt without its library. The distribution's must be found first.
  get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include/first)
  file(CREATE_LINK ${fmt_include}/fmt ${CMAKE_BINARY_DIR}/include/first/fmt SYMBOLIC)
  add_library(TorchWheel::cpu INTERFACE IMPORTED)
  set_target_properties(TorchWheel::cpu PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_BINARY_DIR}/include/first;${TorchWheel_INCLUDE};${TorchWheel_INCLUDE}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES "${TorchWheel_CPU};${TorchWheel_C10}"
    INTERFACE_LINK_OPTIONS "${rpath}")
  add_library(TorchWheel::cuda INTERFACE IMPORTED)
  set_target_properties(TorchWheel::cuda PROPERTIES
    INTERFACE_LINK_LIBRARIES
      "TorchWheel::cpu;-Wl,--no-as-needed,${WINNOW_TORCH}/lib/libtorch.so,${WINNOW_TORCH}/lib/libc10_cuda.so,${WINNOW_TORCH}/lib/libtorch_cuda.so,--as-needed")
endif()
