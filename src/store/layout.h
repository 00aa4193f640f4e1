// The names inside a run file, once for writer and reader.
#pragma once

#include <hdf5.h>

#include "winnow/store/run_file.h"

namespace winnow::store {

namespace attribute {
constexpr const char *identity = "identity", *kind = "kind", *result_digest = "result_digest",
                     *code_version = "code_version", *host = "host", *device = "device", *libraries = "libraries",
                     *threads = "threads", *width = "width", *attempt = "attempt", *start = "start", *end = "end",
                     *image_wait = "image_wait", *features_read = "features_read", *chunk = "chunk",
                     *earlier_chunks = "earlier_chunks";
}

// Texts about the run itself. They are data sets and no attributes because attributes end at 64 KB.
namespace dataset {
constexpr const char *canonical = "stage/canonical", *stage = "stage/json", *metrics = "stage/metrics", *log = "log",
                     *confusion = "labels/confusion";
}

inline hid_t file_type(DType dtype) {
  switch (dtype) {
    case DType::u8: return H5T_STD_U8LE;
    case DType::i64: return H5T_STD_I64LE;
    case DType::f32: return H5T_IEEE_F32LE;
    case DType::f64: break;
  }
  return H5T_IEEE_F64LE;
}

}  // namespace winnow::store
