// Where HDF5 builds a file: a piece of memory that stays when it closes the file.
#pragma once

#include <cstddef>
#include <span>

#include "handle.h"

namespace winnow::store {

// HDF5 1.10 reports success on a full disk, so it never sees the disk: it builds the file here, and our own write(),
// each return code checked, takes the bytes there. The price is the largest result once more in memory. The library's
// own way to the bytes, H5Fget_file_image, returns a superblock with a wrong checksum in 1.10.8; so the buffer is taken
// over at close.
class Memory {
 public:
  Memory() = default;
  Memory(Memory&& other) noexcept;
  ~Memory();

  void attach(hid_t file_access);  // the file made with this property list lives here; no move while it is open
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  static void* allocate(std::size_t size, H5FD_file_image_op_t, void* self);
  static void* resize(void* data, std::size_t size, H5FD_file_image_op_t, void* self);
  static herr_t release(void* data, H5FD_file_image_op_t, void* self);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace winnow::store
