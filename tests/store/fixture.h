// Runs, folders and small attacks for the tests of the store.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/store/store.h"

namespace winnow::store {

template <class T>
Array array_of(DType dtype, std::vector<std::size_t> shape, const std::vector<T>& values) {
  Array array{dtype, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

inline Stage stage_of_seed(std::int64_t seed) {
  Stage stage;
  stage.settings = Settings(std::map<std::string, Value>{{"method", "proden"}, {"seed", seed}, {"train.lr", 0.05}});
  stage.defaulted = {"train.lr"};
  stage.inputs["backbone"] = {hash_of("a backbone"), Output::weights};
  return stage;
}

inline RunContent small_run(std::int64_t seed = 0, double accuracy = 0.75) {
  RunContent run;
  run.stage = stage_of_seed(seed);
  run.tables["metrics/final"] = {{"epoch", std::vector<std::int64_t>{2}}, {"accuracy", std::vector<double>{accuracy}}};
  run.provenance = {"0.1.0", "a-host", "cpu", {{"torch", "2.11.0"}}, 1, 1, 3, 100.5, 160.25};
  run.log = "epoch 0\nepoch 1\n";
  return run;
}

inline std::string bytes_of(const Path& path) { return read_file(path); }

inline void overwrite(const Path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string failure_of(const Path& path) {
  try {
    verify_run_file(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

}  // namespace winnow::store
