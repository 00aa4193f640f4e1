#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace winnow::store {

namespace {

constexpr std::size_t kGrowth = 512;  // what the file's length is rounded up to

}  // namespace

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Memory::~Memory() { std::free(data_); }

void Memory::attach(hid_t file_access) {
  H5FD_file_image_callbacks_t callbacks{};
  callbacks.image_malloc = allocate;
  callbacks.image_memcpy = [](void* to, const void* from, std::size_t size, H5FD_file_image_op_t, void*) {
    return std::memcpy(to, from, size);
  };
  callbacks.image_realloc = resize;
  callbacks.image_free = release;
  callbacks.udata_copy = [](void* self) { return self; };
  callbacks.udata_free = [](void*) -> herr_t { return 0; };
  callbacks.udata = this;
  WINNOW_HDF5(H5Pset_fapl_core(file_access, kGrowth, false));
  WINNOW_HDF5(H5Pset_file_image_callbacks(file_access, &callbacks));
}

void* Memory::allocate(std::size_t size, H5FD_file_image_op_t, void* self) { return resize(nullptr, size, {}, self); }

void* Memory::resize(void* data, std::size_t size, H5FD_file_image_op_t, void* self) {
  auto& memory = *static_cast<Memory*>(self);
  void* grown = std::realloc(data, size);
  if (!grown) return nullptr;  // HDF5 fails and still owns the old piece
  memory.data_ = static_cast<std::byte*>(grown);
  memory.size_ = size;
  return grown;
}

// The library is done with it; we are not.
herr_t Memory::release(void*, H5FD_file_image_op_t, void*) { return 0; }

}  // namespace winnow::store
