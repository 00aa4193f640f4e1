#include "winnow/store/run_file.h"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <numeric>
#include <thread>

#include "fixture.h"
#include "winnow/core/error.h"
#include "winnow/store/labelled_samples.h"
#include "winnow/store/mapped_arrays.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

void expect_equal(const RunContent& a, const RunContent& b) {
  EXPECT_EQ(a.stage.canonical(), b.stage.canonical());
  EXPECT_EQ(to_json(a.stage), to_json(b.stage));
  EXPECT_EQ(a.texts, b.texts);
  EXPECT_EQ(a.log, b.log);
  EXPECT_EQ(a.result_digest(), b.result_digest());
  EXPECT_EQ(a.provenance.libraries, b.provenance.libraries);
  EXPECT_EQ(a.provenance.attempt, b.provenance.attempt);
  EXPECT_EQ(a.provenance.end, b.provenance.end);
  EXPECT_EQ(a.provenance.image_wait, b.provenance.image_wait);
  EXPECT_EQ(a.provenance.features_read, b.provenance.features_read);
  EXPECT_EQ(a.provenance.chunk, b.provenance.chunk);
  EXPECT_EQ(a.provenance.earlier_chunks, b.provenance.earlier_chunks);
  EXPECT_EQ(a.provenance.code_version, b.provenance.code_version);
  EXPECT_EQ(a.metrics, b.metrics);
  ASSERT_EQ(a.tables.size(), b.tables.size());
  for (const auto& [name, table] : a.tables) {
    ASSERT_TRUE(b.tables.count(name)) << name;
    const Table& other = b.tables.at(name);
    ASSERT_EQ(table.size(), other.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
      EXPECT_EQ(table[i].name, other[i].name);
      EXPECT_EQ(table[i].values, other[i].values);
    }
  }
}

RunContent rich_run() {
  RunContent run = small_run();
  std::vector<double> curve(3000);
  std::vector<std::int64_t> steps(curve.size()), labels(60000);
  std::iota(curve.begin(), curve.end(), 0.125);
  std::iota(steps.begin(), steps.end(), -5);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i * 7919 % 10);
  std::vector<float> weights(300 * 1000);
  std::iota(weights.begin(), weights.end(), -1.5f);
  run.tables["metrics/steps"] = {{"step", steps}, {"loss", curve}};
  run.tables["metrics/epochs"] = {{"epoch", std::vector<std::int64_t>{}}, {"loss", std::vector<double>{}}};
  run.arrays["labels/given"] = array_of(DType::i64, {60000}, labels);
  run.arrays["selection/mask"] = array_of(DType::u8, {2, 3}, std::vector<std::uint8_t>{1, 0, 1, 1, 0, 255});
  run.arrays["weights/visual.proj.weight"] = array_of(DType::f32, {300, 1000}, weights);
  run.arrays["scores/logits"] = array_of(DType::f64, {2, 1, 2}, std::vector<double>{1e-300, -0.0, 3.5, 1e300});
  run.arrays["weights/scale"] = array_of(DType::f64, {}, std::vector<double>{4.6052});
  run.arrays["features/none"] = array_of(DType::f32, {0, 512}, std::vector<float>{});
  run.metrics = {{"accuracy", {Unit::share, Better::high}}, {"loss", {Unit::value, Better::low}}};
  run.texts["snapshot/config.json"] = "{\"name\": \"n\xc3\xa4no\"}";
  run.texts["snapshot/empty.txt"] = "";
  run.texts["snapshot/merges.txt"] = std::string(200000, 'm') + "\n";
  return run;
}

TEST(RunFile, RoundTripOfEveryTypeAndOfEmptyThings) {
  Folder folder;
  RunContent run = rich_run();
  Written written = write_run_file(folder / "a.h5", run);
  RunContent back = read_run_file(folder / "a.h5");
  expect_equal(run, back);
  ASSERT_EQ(back.arrays.size(), run.arrays.size());
  MappedArrays mapped(folder / "a.h5");
  for (const auto& [name, array] : run.arrays) {
    EXPECT_EQ(back.arrays.at(name).dtype, array.dtype) << name;
    EXPECT_EQ(back.arrays.at(name).shape, array.shape) << name;
    EXPECT_EQ(back.arrays.at(name).bytes, array.bytes) << name;
    EXPECT_EQ(read_array(folder / "a.h5", name).bytes, array.bytes) << name;
    EXPECT_EQ(mapped.at(name).dtype, array.dtype) << name;
    EXPECT_EQ(mapped.at(name).shape, array.shape) << name;
    EXPECT_TRUE(std::ranges::equal(mapped.at(name).bytes, array.bytes)) << name;
  }
  EXPECT_EQ(written.bytes, std::filesystem::file_size(folder / "a.h5"));
  EXPECT_LT(written.bytes, 2'000'000u);  // labels are deflated, 1.2 MB of weights are not
}

TEST(RunFile, HeaderSaysWhatTheWriterSaid) {
  Folder folder;
  RunContent run = small_run();
  Written written = write_run_file(folder / "a.h5", run);
  RunHeader header = verify_run_file(folder / "a.h5");
  EXPECT_EQ(header.identity, run.stage.identity());
  EXPECT_EQ(header.result_digest, written.result_digest);
  EXPECT_EQ(header.result_digest, run.result_digest());
  EXPECT_EQ(header.file_digest, written.file_digest);
  EXPECT_EQ(header.bytes, written.bytes);
  EXPECT_EQ(header.provenance.host, "a-host");
  EXPECT_EQ(header.provenance.attempt, 3);
}

TEST(RunFile, ALargeArrayIsMappedAndADamagedOneIsNot) {
  Folder folder;
  RunContent run = small_run();
  std::vector<float> values(100'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  run.arrays["scores/logits"] = array_of(DType::f32, {1000, 100}, values);
  write_run_file(folder / "a.h5", run);
  MappedArrays mapped(folder / "a.h5");
  EXPECT_TRUE(std::ranges::equal(mapped.at("scores/logits").bytes, run.arrays.at("scores/logits").bytes));
  EXPECT_FALSE(mapped.has("scores/none"));
  EXPECT_THROW(mapped.at("scores/none"), DataError);
  std::string bytes = bytes_of(folder / "a.h5");
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomically(folder / "b.h5", bytes);
  EXPECT_THROW(MappedArrays(folder / "b.h5"), DataError);
}

TEST(RunFile, WithoutArraysTheRestIsThere) {
  Folder folder;
  write_run_file(folder / "a.h5", rich_run());
  RunContent back = read_run_file(folder / "a.h5", false);
  EXPECT_TRUE(back.arrays.empty());
  EXPECT_EQ(back.tables.size(), 3u);
  EXPECT_EQ(back.texts.size(), 3u);
}

TEST(RunFile, TheSameContentGivesTheSameBytes) {
  Folder folder;
  write_run_file(folder / "a.h5", rich_run());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5's times of objects count seconds
  write_run_file(folder / "b.h5", rich_run());
  EXPECT_EQ(bytes_of(folder / "a.h5"), bytes_of(folder / "b.h5"));
}

TEST(RunFile, AStageWhoseTextExceeds64KilobytesFits) {
  Folder folder;
  RunContent run = small_run();
  run.stage.settings.set("note", std::string(300000, 'x'));
  write_run_file(folder / "a.h5", run);
  expect_equal(run, read_run_file(folder / "a.h5"));
}

TEST(RunFile, ALogWithZeroBytesIsKeptReadable) {
  Folder folder;
  RunContent run = small_run();
  run.log = std::string("a\0b", 3);
  write_run_file(folder / "a.h5", run);
  EXPECT_EQ(read_run_file(folder / "a.h5").log, "a?b");
}

TEST(ResultDigest, IsOfWhatWasComputedAlone) {
  RunContent run = small_run(), other = small_run();
  other.provenance.host = "elsewhere";
  other.provenance.attempt = 9;
  other.log = "different";
  EXPECT_EQ(run.result_digest(), other.result_digest());
  EXPECT_NE(run.result_digest(), small_run(1).result_digest());
  EXPECT_NE(run.result_digest(), small_run(0, 0.7500001).result_digest());
  other.texts["a"] = "";
  EXPECT_NE(run.result_digest(), other.result_digest());
}

// Results from before it was recorded stay what they are.
TEST(ResultDigest, TheConfusionOfGivenLabelsIsNoPart) {
  Folder folder;
  RunContent run = small_run(0);
  Hash128 before = run.result_digest();
  run.confusion = {{"true", std::vector<std::int64_t>{0, 1}},
                   {"given", std::vector<std::int64_t>{0, 0}},
                   {"count", std::vector<std::int64_t>{7, 3}}};
  EXPECT_EQ(run.result_digest(), before);
  write_run_file(folder / "a.h5", run);
  RunContent back = read_run_file(folder / "a.h5");
  ASSERT_EQ(back.confusion.size(), 3u);
  EXPECT_EQ(back.confusion[2].name, "count");
  EXPECT_EQ(back.confusion[2].values, run.confusion[2].values);
  EXPECT_EQ(back.tables.count("labels/confusion"), 0u);
  EXPECT_EQ(back.result_digest(), before);
  write_run_file(folder / "b.h5", small_run(0));
  EXPECT_TRUE(read_run_file(folder / "b.h5").confusion.empty());
}

// Nor is which images a stage without labels was told of.
TEST(ResultDigest, TheLabelledImagesAreNoPart) {
  Folder folder;
  RunContent run = small_run(0);
  Hash128 before = run.result_digest();
  std::vector<std::int64_t> places = {3, 7};
  run.arrays[kLabelledSamples] = array_of(DType::i64, {2}, places);
  EXPECT_EQ(run.result_digest(), before);
  EXPECT_EQ(write_run_file(folder / "a.h5", run).result_digest, before);
  RunContent back = read_run_file(folder / "a.h5");
  EXPECT_EQ(back.arrays.at(kLabelledSamples).bytes, run.arrays.at(kLabelledSamples).bytes);
  EXPECT_EQ(back.result_digest(), before);
}

TEST(ResultDigest, SeesShapeAndType) {
  auto digest = [](Array array) {
    RunContent run = small_run();
    run.arrays["a"] = std::move(array);
    return run.result_digest();
  };
  std::vector<double> zeros(6);
  EXPECT_NE(digest(array_of(DType::f64, {2, 3}, zeros)), digest(array_of(DType::f64, {3, 2}, zeros)));
  EXPECT_NE(digest(array_of(DType::f64, {6}, zeros)), digest(array_of(DType::i64, {6}, zeros)));
}

TEST(RunFileDamage, EveryFlippedByteIsFound) {
  Folder folder;
  write_run_file(folder / "a.h5", small_run());
  const std::string good = bytes_of(folder / "a.h5");
  ASSERT_LT(good.size(), 40000u);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (at % 255 + 1));
    overwrite(folder / "b.h5", bad);
    ASSERT_NE(failure_of(folder / "b.h5"), "") << "byte " << at;
  }
}

TEST(RunFileDamage, EveryTruncationIsFound) {
  Folder folder;
  write_run_file(folder / "a.h5", small_run());
  const std::string good = bytes_of(folder / "a.h5");
  for (std::size_t size = 0; size < good.size(); size += size < 600 ? 1 : 97) {
    overwrite(folder / "b.h5", good.substr(0, size));
    ASSERT_NE(failure_of(folder / "b.h5"), "") << "size " << size;
  }
  overwrite(folder / "b.h5", good + "x");
  EXPECT_THAT(failure_of(folder / "b.h5"), HasSubstr("longer"));
}

TEST(RunFileDamage, BlocksOfZerosAreFound) {
  Folder folder;
  write_run_file(folder / "a.h5", rich_run());
  const std::string good = bytes_of(folder / "a.h5");
  for (std::size_t block : {512u, 4096u, 8192u})
    for (std::size_t at = 0; at + block < good.size(); at += 50 * block) {
      std::string bad = good;
      bad.replace(at, block, block, '\0');
      if (bad == good) continue;
      overwrite(folder / "b.h5", bad);
      ASSERT_NE(failure_of(folder / "b.h5"), "") << block << " zeros at " << at;
    }
  overwrite(folder / "b.h5", std::string(good.size(), '\0'));
  EXPECT_THAT(failure_of(folder / "b.h5"), HasSubstr("is not a run file"));
}

TEST(RunFileDamage, MessagesNameFileAndFault) {
  Folder folder;
  write_run_file(folder / "a.h5", small_run());
  std::string good = bytes_of(folder / "a.h5"), bad = good;
  bad[2000] ^= 1;
  overwrite(folder / "b.h5", bad);
  EXPECT_EQ(failure_of(folder / "b.h5"),
            "run file " + (folder / "b.h5").string() + " is damaged: its content does not match its digest");
  overwrite(folder / "b.h5", good.substr(0, 1000));
  EXPECT_THAT(failure_of(folder / "b.h5"),
              HasSubstr("is truncated: 1000 of " + std::to_string(good.size()) + " bytes"));
  EXPECT_THAT(failure_of(folder / "absent.h5"), HasSubstr("No such file"));
}

TEST(RunFileWriting, RefusesWhatCannotBeStoredAndLeavesNothing) {
  Folder folder;
  RunContent run = small_run();
  run.tables["metrics/epochs"] = {{"a", std::vector<double>{1, 2}}, {"b", std::vector<double>{1}}};
  EXPECT_THROW(write_run_file(folder / "a.h5", run), DataError);
  run = small_run();
  run.arrays["metrics/final"] = array_of(DType::f32, {1}, std::vector<float>{1});  // the name of a table
  EXPECT_THROW(write_run_file(folder / "a.h5", run), DataError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(RunFileWriting, NeverOverwrites) {
  Folder folder;
  write_run_file(folder / "a.h5", small_run());
  EXPECT_THROW(write_run_file(folder / "a.h5", small_run(1)), DeviceError);
  EXPECT_EQ(verify_run_file(folder / "a.h5").identity, small_run().stage.identity());
}

TEST(RunFileWriting, AFullDiskIsAnErrorAndLeavesNothing) {
  Folder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "needs the right to mount a small tmpfs: " << std::strerror(errno);
  RunContent run = small_run();
  for (std::size_t values : {20'000u, 200'000u, 2'000'000u}) {
    run.arrays["weights/w"] = array_of(DType::f32, {values}, std::vector<float>(values, 0.5f));
    EXPECT_THROW(write_run_file(folder / "a.h5", run), DeviceError);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
  ::umount(folder.path().c_str());
}

}  // namespace
}  // namespace winnow::store
