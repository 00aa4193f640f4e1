#include "arrays.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

#include "winnow/core/error.h"

namespace winnow::train {

namespace {

at::ScalarType type_of(store::DType type) {
  switch (type) {
    case store::DType::u8: return at::kByte;
    case store::DType::i64: return at::kLong;
    case store::DType::f32: return at::kFloat;
    case store::DType::f64: return at::kDouble;
  }
  throw InternalError("an array of unknown type");
}

}  // namespace

store::Array array_of(const at::Tensor& tensor) {
  at::Tensor host = tensor.detach().cpu();
  store::Array array;
  switch (host.scalar_type()) {
    case at::kBool: host = host.to(at::kByte); [[fallthrough]];
    case at::kByte: array.dtype = store::DType::u8; break;
    case at::kInt: host = host.to(at::kLong); [[fallthrough]];
    case at::kLong: array.dtype = store::DType::i64; break;
    case at::kDouble: array.dtype = store::DType::f64; break;
    default: host = host.to(at::kFloat); array.dtype = store::DType::f32;
  }
  host = host.contiguous();
  for (std::int64_t size : host.sizes()) array.shape.push_back(static_cast<std::size_t>(size));
  array.bytes.resize(host.nbytes());
  if (!array.bytes.empty()) std::memcpy(array.bytes.data(), host.const_data_ptr(), host.nbytes());
  return array;
}

at::Tensor tensor_of(const store::Array& array) {
  std::vector<std::int64_t> shape(array.shape.begin(), array.shape.end());
  at::Tensor tensor = at::empty(shape, at::TensorOptions(type_of(array.dtype)));
  if (!array.bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), array.bytes.data(), array.bytes.size());
  return tensor;
}

at::Tensor mapped(const std::shared_ptr<store::MappedArrays>& file, const std::string& name) {
  const store::MappedArrays::Values& values = file->at(name);
  std::vector<std::int64_t> shape(values.shape.begin(), values.shape.end());
  return at::from_blob(
      const_cast<std::byte*>(values.bytes.data()), shape, [file](void*) {}, at::TensorOptions(type_of(values.dtype)));
}

at::Tensor tensor_in(const store::RunContent& content, const Path& file, const std::string& name,
                     const std::string& what) {
  auto found = content.arrays.find(name);
  if (found == content.arrays.end()) throw DataError(fmt::format("{} holds no {}", file.string(), what));
  return tensor_of(found->second);
}

}  // namespace winnow::train
