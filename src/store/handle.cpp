#include "handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace winnow::store::hdf5 {

namespace {

// Walking downwards, the first entry is the innermost: the one that knows why.
herr_t keep_first(unsigned, const H5E_error2_t* error, void* text) {
  auto& message = *static_cast<std::string*>(text);
  if (message.empty() && error->desc) message = error->desc;
  return 0;
}

}  // namespace

void fail(const char* call) {
  std::string message;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &message);
  H5Eclear2(H5E_DEFAULT);
  std::string_view name(call);
  name = name.substr(0, std::min(name.find('('), name.size()));
  throw DataError(fmt::format("HDF5's {} failed: {}", name, message.empty() ? "no reason given" : message));
}

Quiet::Quiet() {
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Quiet::~Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

Handle text_type(std::size_t length) {
  Handle type(WINNOW_HDF5(H5Tcopy(H5T_C_S1)), H5Tclose);
  WINNOW_HDF5(H5Tset_size(type, std::max<std::size_t>(length, 1)));
  WINNOW_HDF5(H5Tset_strpad(type, H5T_STR_NULLPAD));
  WINNOW_HDF5(H5Tset_cset(type, H5T_CSET_UTF8));
  return type;
}

Handle property_list(hid_t kind) { return Handle(WINNOW_HDF5(H5Pcreate(kind)), H5Pclose); }

}  // namespace winnow::store::hdf5
