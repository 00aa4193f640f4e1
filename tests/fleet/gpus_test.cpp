// GPUs as the driver's library tells of them, and which of them an agent takes. The library is the tests' own
// (tests/nvml), loaded by the same path as a driver's.
#include "winnow/fleet/gpus.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "../folder.h"
#include "slot_devices.h"
#include "winnow/core/error.h"

namespace winnow::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GpuTest : public ::testing::Test {
 protected:
  GpuTest() { ::setenv("WINNOW_TEST_GPUS", file_.c_str(), 1); }
  ~GpuTest() override { ::unsetenv("WINNOW_TEST_GPUS"); }

  void machine(const std::string& text) { std::ofstream(file_) << text; }
  static std::vector<std::string> uuids(const std::vector<Gpu>& gpus) {
    std::vector<std::string> result;
    for (const Gpu& gpu : gpus) result.push_back(gpu.uuid);
    return result;
  }

  struct Ask {
    Options options;
    const char* visible = nullptr;
    bool bus_order = false;
    AgentPlace place = {};
  };
  SlotDevices taken(const Ask& ask) const {
    return slot_devices(ask.options, find_gpus(), ask.visible, ask.bus_order, ask.place);
  }
  std::string refused(const Ask& ask) const {
    try {
      taken(ask);
      return "accepted";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  static Options on(Options::Devices devices) {
    Options options;
    options.devices = devices;
    return options;
  }

  Folder folder_;
  Path file_ = folder_ / "gpus";
  static constexpr const char* kTwo =
      "uuid=GPU-a name=H200 total=144000 used=500 busy=42 degrees=55 ecc=0\n"
      "uuid=GPU-b name=H200 total=144000\n";
};

TEST_F(GpuTest, AreAsTheDriverSays) {
  machine(kTwo);
  Gpus gpus = find_gpus();
  EXPECT_EQ(gpus.missing, "");
  EXPECT_EQ(gpus.driver, "580.65.06");
  EXPECT_EQ(gpus.cuda, 13000);
  ASSERT_THAT(uuids(gpus.list), ElementsAre("GPU-a", "GPU-b"));
  const Gpu& gpu = gpus.list[0];
  EXPECT_EQ(gpu.name, "H200");
  EXPECT_EQ(gpu.memory, std::int64_t{144000} << 20);
  EXPECT_EQ(gpu.used, std::int64_t{500} << 20);
  EXPECT_EQ(gpu.utilisation, 42);
  EXPECT_EQ(gpu.temperature, 55);
  EXPECT_EQ(gpu.unusable, "");
}

TEST_F(GpuTest, ADriverThatDoesNotServeIsNamed) {
  machine("init=9\n");
  EXPECT_THAT(find_gpus().missing, HasSubstr("not loaded"));
  machine("init=18\n");
  EXPECT_THAT(find_gpus().missing, HasSubstr("start the machine again"));
  machine("init=999\n");
  EXPECT_THAT(find_gpus().missing, HasSubstr("Unknown Error"));
}

TEST_F(GpuTest, SickOnesSayWhatTheyHave) {
  machine(
      "uuid=GPU-a ecc=1\nuuid=GPU-b remap=failed\nuuid=GPU-c remap=pending\nuuid=GPU-d lost=1\nuuid=GPU-e mode=2\n"
      "uuid=GPU-f mode=3\n");
  std::vector<Gpu> gpus = find_gpus().list;
  ASSERT_EQ(gpus.size(), 6u);
  EXPECT_EQ(gpus[0].unusable, "1 uncorrected memory error since it was last reset");
  EXPECT_THAT(gpus[1].unusable, HasSubstr("could not be remapped"));
  EXPECT_THAT(gpus[2].unusable, HasSubstr("wait for a reset"));
  EXPECT_THAT(gpus[3].unusable, HasSubstr("fallen off the bus"));
  EXPECT_THAT(gpus[4].unusable, HasSubstr("prohibited"));
  EXPECT_EQ(gpus[5].unusable, "");
  EXPECT_TRUE(gpus[5].one_process);
}

TEST_F(GpuTest, APartitionedOneIsItsInstances) {
  machine("uuid=GPU-a name=H200 ecc=0 degrees=40 mig=MIG-1:24000,MIG-2:24000\nuuid=GPU-b mig=none\n");
  std::vector<Gpu> gpus = find_gpus().list;
  ASSERT_THAT(uuids(gpus), ElementsAre("MIG-1", "MIG-2", "GPU-b"));
  EXPECT_TRUE(gpus[0].instance);
  EXPECT_EQ(gpus[0].memory, std::int64_t{24000} << 20);
  EXPECT_EQ(gpus[0].temperature, 40);
  EXPECT_THAT(gpus[2].unusable, HasSubstr("has no instances"));
  machine("uuid=GPU-a ecc=3 mig=MIG-1:24000\n");
  EXPECT_THAT(find_gpus().list.at(0).unusable, HasSubstr("3 uncorrected")) << "an instance is as sick as its GPU";
}

TEST_F(GpuTest, AreWatched) {
  machine(kTwo);
  GpuWatch watch(find_gpus().list);
  machine("uuid=GPU-a name=H200 total=144000 used=9000\nuuid=GPU-b lost=1\n");
  EXPECT_EQ(watch.look()[0].used, std::int64_t{9000} << 20);
  EXPECT_EQ(watch.seen()[0].unusable, "");
  EXPECT_THAT(watch.seen()[1].unusable, HasSubstr("fallen off the bus"));
  EXPECT_EQ(watch.seen()[1].name, "H200") << "it is still known by name";
}

TEST_F(GpuTest, AnXidOfTheGpuIsRemembered) {
  machine(kTwo);
  GpuWatch watch(find_gpus().list);
  machine("uuid=GPU-a name=H200 total=144000 xid=31\nuuid=GPU-b name=H200 total=144000 xid=79\n");
  watch.look();
  EXPECT_EQ(watch.seen()[0].unusable, "") << "31 is a fault of the program's";
  EXPECT_THAT(watch.seen()[1].unusable, HasSubstr("Xid 79"));
  machine("uuid=GPU-a name=H200 total=144000 xid=48\nuuid=GPU-b name=H200 total=144000\n");
  watch.look();
  EXPECT_THAT(watch.seen()[0].unusable, HasSubstr("Xid 48"));
  EXPECT_THAT(watch.look()[1].unusable, HasSubstr("Xid 79")) << "it is told once, and no GPU gets well by itself";
}

TEST_F(GpuTest, AnXidIsOfAllInstances) {
  machine("uuid=GPU-a mig=MIG-1:24000,MIG-2:24000\nuuid=GPU-b total=144000\n");
  GpuWatch watch(find_gpus().list);
  machine("uuid=GPU-a mig=MIG-1:24000,MIG-2:24000 xid=94\nuuid=GPU-b total=144000\n");
  watch.look();
  EXPECT_THAT(watch.seen()[0].unusable, HasSubstr("Xid 94"));
  EXPECT_THAT(watch.seen()[1].unusable, HasSubstr("Xid 94"));
  EXPECT_EQ(watch.seen()[2].unusable, "");
}

TEST_F(GpuTest, ASlotEach) {
  machine(kTwo);
  SlotDevices devices = taken({});
  EXPECT_EQ(devices.slots, 2u);
  EXPECT_THAT(uuids(devices.gpus), ElementsAre("GPU-a", "GPU-b"));
  EXPECT_THAT(devices.warnings, IsEmpty());
  Options two;
  two.per_gpu = 2;
  EXPECT_THAT(uuids(taken({two}).gpus), ElementsAre("GPU-a", "GPU-b", "GPU-a", "GPU-b"));
  EXPECT_EQ(taken({two}).gpu_count(), 2u);
  Options one;
  one.trainers = 1;
  EXPECT_THAT(uuids(taken({one}).gpus), ElementsAre("GPU-a"));
  one.trainers = 3;
  EXPECT_THAT(refused({one}), HasSubstr("has 2 GPUs for this run, 1 trainer each: lower it, or say --per-gpu 2"));
}

TEST_F(GpuTest, OnCpusNoneIsTaken) {
  machine(kTwo);
  SlotDevices devices = taken({on(Options::Devices::cpu)});
  EXPECT_EQ(devices.slots, 1u);
  EXPECT_THAT(devices.gpus, IsEmpty());
}

TEST_F(GpuTest, WithoutAnyAutoTakesCpusAndCudaIsRefused) {
  machine("init=9\n");
  EXPECT_THAT(taken({}).gpus, IsEmpty());
  EXPECT_THAT(refused({on(Options::Devices::cuda)}),
              HasSubstr("has no GPU for this run: the NVIDIA driver is installed, but not loaded; --device cpu"));
  machine("driver=580.1\n");
  EXPECT_THAT(refused({on(Options::Devices::cuda)}), HasSubstr("the driver knows none"));
}

TEST_F(GpuTest, ADriverThatDoesNotServeIsNoReasonToSayNothing) {
  machine("init=18\n");
  EXPECT_THAT(taken({}).warnings, ElementsAre(HasSubstr("start the machine again: stages are computed on CPUs")));
  EXPECT_THAT(taken({on(Options::Devices::cpu)}).warnings, IsEmpty());
}

TEST_F(GpuTest, OurOwnTrainerNeedsADriverThatIsNewEnoughAndItsModule) {
  Options own;
  own.own_trainer = true;
  own.cuda_module = file_;  // any file that is there
  machine(std::string("driver=470.1 cuda=11040\n") + kTwo);
  EXPECT_THAT(refused({own}), HasSubstr("has GPUs, but its driver 470.1 serves CUDA 11.4, and CUDA 13.0 is needed: "
                                        "install a newer driver, or compute on CPUs (--device cpu)"));
  EXPECT_EQ(taken({}).slots, 2u) << "another trainer knows what it needs";
  Options cpu = own;
  cpu.devices = Options::Devices::cpu;
  EXPECT_EQ(taken({cpu}).slots, 1u);
  machine(kTwo);
  EXPECT_EQ(taken({own}).slots, 2u);
  own.cuda_module = folder_ / "nothing.so";
  EXPECT_THAT(refused({own}), HasSubstr("nothing.so is not built: install a CUDA 13 toolkit"));
  machine("driver=470.1 cuda=11040\n");
  EXPECT_EQ(taken({own}).slots, 1u) << "no GPU, no need";
}

TEST_F(GpuTest, SickAndBusyOnesAreLeftOutWithAWarning) {
  machine("uuid=GPU-a ecc=2\nuuid=GPU-b pids=4711\nuuid=GPU-c\n");
  SlotDevices devices = taken({});
  EXPECT_THAT(uuids(devices.gpus), ElementsAre("GPU-c"));
  EXPECT_THAT(devices.warnings,
              ElementsAre(HasSubstr("GPU 0 Test GPU (GPU-a) is left out: 2 uncorrected"),
                          HasSubstr("GPU 1 Test GPU (GPU-b) is left out: process 4711 computes on it; --busy-gpus")));
  Options all;
  all.busy_gpus = true;
  EXPECT_THAT(uuids(taken({all}).gpus), ElementsAre("GPU-b", "GPU-c"));
}

TEST_F(GpuTest, WhereAllAreLeftOutTheCpuIsNoSilentSubstitute) {
  machine("uuid=GPU-a ecc=2\n");
  EXPECT_THAT(refused({}), HasSubstr("has no GPU for this run: "));
  EXPECT_THAT(refused({}), HasSubstr("2 uncorrected memory errors"));
}

TEST_F(GpuTest, AnExclusiveOneAdmitsASingleTrainer) {
  machine("uuid=GPU-a mode=3\n");
  EXPECT_THAT(uuids(taken({}).gpus), ElementsAre("GPU-a"));
  Options two;
  two.per_gpu = 2;
  EXPECT_THAT(refused({two}), HasSubstr("its compute mode admits one process, --per-gpu 2 wants more"));
}

TEST_F(GpuTest, ABatchSystemSaysWhichAreOurs) {
  machine(kTwo);
  EXPECT_THAT(uuids(taken({{}, "1"}).gpus), ElementsAre("GPU-b"));
  EXPECT_THAT(uuids(taken({{}, "GPU-b, GPU-a"}).gpus), ElementsAre("GPU-b", "GPU-a")) << "in its order";
  EXPECT_THAT(taken({{}, ""}).gpus, IsEmpty()) << "none is ours: CPUs";
  EXPECT_THAT(taken({{}, "NoDevFiles"}).gpus, IsEmpty());
  EXPECT_THAT(refused({on(Options::Devices::cuda), ""}), HasSubstr("CUDA_VISIBLE_DEVICES names none"));
  SlotDevices cut = taken({{}, "0,7,1"});
  EXPECT_THAT(uuids(cut.gpus), ElementsAre("GPU-a"));
  EXPECT_THAT(cut.warnings, ElementsAre(HasSubstr("names '7', which is no GPU here")));
}

TEST_F(GpuTest, NumbersOfDifferentGpusAreAmbiguousButInTheOrderOfTheBus) {
  machine("uuid=GPU-a name=A100\nuuid=GPU-b name=H200\n");
  EXPECT_THAT(refused({{}, "0"}), HasSubstr("set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name them by UUID"));
  EXPECT_THAT(uuids(taken({{}, "0", true}).gpus), ElementsAre("GPU-a"));
  EXPECT_THAT(uuids(taken({{}, "GPU-b"}).gpus), ElementsAre("GPU-b"));
}

TEST_F(GpuTest, AgentsOfOneMachineShareThem) {
  machine("uuid=GPU-a\nuuid=GPU-b\nuuid=GPU-c\n");
  EXPECT_THAT(uuids(taken({{}, nullptr, false, {0, 2}}).gpus), ElementsAre("GPU-a", "GPU-c"));
  EXPECT_THAT(uuids(taken({{}, nullptr, false, {1, 2}}).gpus), ElementsAre("GPU-b"));
  EXPECT_THAT(refused({{}, nullptr, false, {3, 4}}), HasSubstr("4 agents share 3 of them"));
  machine("uuid=GPU-a pids=4711\nuuid=GPU-b\nuuid=GPU-c\n");  // the first agent's trainer computes already
  EXPECT_THAT(uuids(taken({{}, nullptr, false, {1, 2}}).gpus), ElementsAre("GPU-b")) << "the same as before";
}

TEST_F(GpuTest, SlurmAloneMustSayHowManyTasksANodeHas) {
  struct Variable {
    Variable(const char* name, const char* value) : name(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name); }
    const char* name;
  };
  machine("uuid=GPU-a\nuuid=GPU-b\n");
  Variable id("SLURM_LOCALID", "0"), tasks("SLURM_NTASKS", "4");
  EXPECT_THROW(slot_devices(Options{}), UsageError);
  Variable per_node("SLURM_NTASKS_PER_NODE", "2");
  EXPECT_THAT(uuids(slot_devices(Options{}).gpus), ElementsAre("GPU-a"));
}

TEST_F(GpuTest, AnInstanceGoesWithItsGpu) {
  machine("uuid=GPU-a ecc=0 degrees=40 mig=MIG-1:24000,MIG-2:24000\n");
  GpuWatch watch(find_gpus().list);
  EXPECT_TRUE(taken({}).partitioned());
  machine("uuid=GPU-a ecc=0 degrees=44 mig=MIG-1:24000,MIG-2:24000\n");
  EXPECT_EQ(watch.look()[1].temperature, 44);
  EXPECT_EQ(watch.seen()[1].unusable, "");
  machine("uuid=GPU-a ecc=7 mig=MIG-1:24000,MIG-2:24000\n");
  EXPECT_THAT(watch.look()[1].unusable, HasSubstr("7 uncorrected"));
}

TEST_F(GpuTest, ManyProcessesAreMany) {
  std::string pids;
  for (int pid = 1000; pid < 1300; ++pid) pids += std::to_string(pid) + ",";
  machine("uuid=GPU-a pids=" + pids + "\n");
  EXPECT_EQ(find_gpus().list.at(0).processes.size(), 300u);
}

}  // namespace
}  // namespace winnow::fleet
