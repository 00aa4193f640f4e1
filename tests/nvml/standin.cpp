// A libnvidia-ml.so.1 for machines without a GPU: the GPUs are the lines of the file that WINNOW_TEST_GPUS names, read
// at every call, so that a test changes them while a program runs. A line is KEY=VALUE words:
//   uuid=GPU-a name=H200 total=144000 used=10 busy=42 degrees=55 pids=17,18 mode=0 ecc=0 remap=0 lost=0
//   mig=MIG-1:24000,MIG-2:24000 xid=79 capability=75
// An xid is told once, when it is another than at the last look.
// Bytes are in MiB. Words that are left out are 0. `driver=580.1 cuda=13000 init=0` may stand in a line of its own.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int kSuccess = 0, kInvalid = 2, kNotSupported = 3, kNotFound = 6, kInsufficientSize = 7, kTimeout = 10,
              kLost = 15;
constexpr unsigned long long kXid = 8;

using Words = std::map<std::string, std::string>;

struct Device {
  std::string uuid, parent;  // parent: of an instance
};

struct File {
  Words machine;
  std::vector<Words> gpus;
};

File read() {
  File file;
  std::ifstream lines(std::getenv("WINNOW_TEST_GPUS") ? std::getenv("WINNOW_TEST_GPUS") : "/nowhere");
  for (std::string line; std::getline(lines, line);) {
    Words words;
    std::istringstream text(line);
    for (std::string word; text >> word;)
      if (std::size_t equals = word.find('='); equals != std::string::npos)
        words[word.substr(0, equals)] = word.substr(equals + 1);
    if (words.count("uuid")) file.gpus.push_back(words);
    else file.machine.insert(words.begin(), words.end());
  }
  return file;
}

long number(const Words& words, const char* key) {
  auto found = words.find(key);
  return found == words.end() ? 0 : std::atol(found->second.c_str());
}

std::string text(const Words& words, const char* key, const char* otherwise) {
  auto found = words.find(key);
  return found == words.end() ? otherwise : found->second;
}

std::vector<std::string> list(const Words& words, const char* key) {
  std::vector<std::string> result;
  std::istringstream parts(text(words, key, ""));
  for (std::string part; std::getline(parts, part, ',');) result.push_back(part);
  return result;
}

// Handles stay valid for the life of the process.
Device* handle(const std::string& uuid, const std::string& parent = "") {
  static std::mutex mutex;
  static std::deque<Device> all;
  std::lock_guard lock(mutex);
  for (Device& device : all)
    if (device.uuid == uuid) return &device;
  return &all.emplace_back(Device{uuid, parent});
}

bool find(const Device* device, Words& words) {
  for (const Words& gpu : read().gpus)
    if (gpu.at("uuid") == (device->parent.empty() ? device->uuid : device->parent)) return words = gpu, true;
  return false;
}

int looked(const Device* device, Words& words) {
  if (!find(device, words)) return kNotFound;
  return number(words, "lost") ? kLost : kSuccess;
}

int copy(const std::string& value, char* into, unsigned room) {
  if (value.size() + 1 > room) return kInsufficientSize;
  std::memcpy(into, value.c_str(), value.size() + 1);
  return kSuccess;
}

}  // namespace

extern "C" {

struct Memory {
  unsigned long long total, free, used;
};
struct Utilisation {
  unsigned gpu, memory;
};
struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

struct Event {
  Device* device;
  unsigned long long type, data;
  unsigned gpu_instance, compute_instance;
};
struct Events {
  std::map<Device*, long> told;  // by registered device: its last xid
};

int nvmlEventSetCreate(Events** set) {
  *set = new Events;
  return kSuccess;
}
int nvmlEventSetFree(Events* set) {
  delete set;
  return kSuccess;
}
int nvmlDeviceRegisterEvents(Device* device, unsigned long long types, Events* set) {
  if (types != kXid) return kNotSupported;
  set->told.emplace(device, 0);
  return kSuccess;
}
int nvmlEventSetWait_v2(Events* set, Event* event, unsigned) {
  for (auto& [device, last] : set->told) {
    Words words;
    if (!find(device, words) || number(words, "xid") == last) continue;
    last = number(words, "xid");
    if (last == 0) continue;
    *event = {device, kXid, static_cast<unsigned long long>(last), 0xffffffff, 0xffffffff};
    return kSuccess;
  }
  return kTimeout;
}

int nvmlInit_v2() { return static_cast<int>(number(read().machine, "init")); }
int nvmlShutdown() { return kSuccess; }
const char* nvmlErrorString(int code) {
  return code == kNotFound ? "Not Found" : code == kLost ? "GPU is lost" : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char* into, unsigned room) {
  return copy(text(read().machine, "driver", "580.65.06"), into, room);
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = std::atoi(text(read().machine, "cuda", "13000").c_str());
  return kSuccess;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(read().gpus.size());
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device** device) {
  File file = read();
  if (index >= file.gpus.size()) return kInvalid;
  if (number(file.gpus[index], "lost")) return kLost;
  *device = handle(file.gpus[index].at("uuid"));
  return kSuccess;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, Device** device) {
  for (const Words& gpu : read().gpus) {
    if (gpu.at("uuid") == uuid) {
      if (number(gpu, "lost")) return kLost;
      return *device = handle(uuid), kSuccess;
    }
    for (const std::string& part : list(gpu, "mig"))
      if (part.substr(0, part.find(':')) == uuid) return *device = handle(uuid, gpu.at("uuid")), kSuccess;
  }
  return kNotFound;
}
int nvmlDeviceGetUUID(Device* device, char* into, unsigned room) { return copy(device->uuid, into, room); }
int nvmlDeviceGetName(Device* device, char* into, unsigned room) {
  Words words;
  if (int code = looked(device, words)) return code;
  return copy(text(words, "name", "Test GPU") + (device->parent.empty() ? "" : " MIG 1g.24gb"), into, room);
}
int nvmlDeviceGetMemoryInfo(Device* device, Memory* memory) {
  Words words;
  if (int code = looked(device, words)) return code;
  constexpr unsigned long long kMiB = 1 << 20;
  memory->total = static_cast<unsigned long long>(number(words, "total")) * kMiB;
  memory->used = static_cast<unsigned long long>(number(words, "used")) * kMiB;
  if (!device->parent.empty())
    for (const std::string& part : list(words, "mig"))
      if (part.substr(0, part.find(':')) == device->uuid)
        memory->total = std::strtoull(part.c_str() + part.find(':') + 1, nullptr, 10) * kMiB, memory->used = 0;
  memory->free = memory->total - memory->used;
  return kSuccess;
}
int nvmlDeviceGetUtilizationRates(Device* device, Utilisation* rates) {
  Words words;
  if (!device->parent.empty()) return kNotSupported;
  if (int code = looked(device, words)) return code;
  rates->gpu = static_cast<unsigned>(number(words, "busy"));
  return kSuccess;
}
int nvmlDeviceGetTemperature(Device* device, int, unsigned* degrees) {
  Words words;
  if (int code = looked(device, words)) return code;
  *degrees = static_cast<unsigned>(number(words, "degrees"));
  return kSuccess;
}
int nvmlDeviceGetCudaComputeCapability(Device* device, int* major, int* minor) {
  Words words;
  if (!device->parent.empty()) return kNotSupported;
  if (int code = looked(device, words)) return code;
  if (!words.count("capability")) return kNotSupported;
  *major = static_cast<int>(number(words, "capability")) / 10;
  *minor = static_cast<int>(number(words, "capability")) % 10;
  return kSuccess;
}
int nvmlDeviceGetComputeMode(Device* device, int* mode) {
  Words words;
  if (int code = looked(device, words)) return code;
  *mode = static_cast<int>(number(words, "mode"));
  return kSuccess;
}
int nvmlDeviceGetTotalEccErrors(Device* device, int, int, unsigned long long* errors) {
  Words words;
  if (int code = looked(device, words)) return code;
  if (!words.count("ecc")) return kNotSupported;
  *errors = static_cast<unsigned long long>(number(words, "ecc"));
  return kSuccess;
}
int nvmlDeviceGetRemappedRows(Device* device, unsigned* corrected, unsigned* uncorrected, unsigned* pending,
                              unsigned* failed) {
  Words words;
  if (int code = looked(device, words)) return code;
  if (!words.count("remap")) return kNotSupported;
  *corrected = *uncorrected = 0;
  *pending = words.at("remap") == "pending";
  *failed = words.at("remap") == "failed";
  return kSuccess;
}
int nvmlDeviceGetMigMode(Device* device, unsigned* current, unsigned* pending) {
  Words words;
  if (int code = looked(device, words)) return code;
  if (!words.count("mig")) return kNotSupported;
  *current = *pending = 1;
  return kSuccess;
}
int nvmlDeviceGetMaxMigDeviceCount(Device*, unsigned* count) {
  *count = 7;
  return kSuccess;
}
int nvmlDeviceGetMigDeviceHandleByIndex(Device* device, unsigned index, Device** instance) {
  Words words;
  if (int code = looked(device, words)) return code;
  std::vector<std::string> parts = list(words, "mig");
  if (index >= parts.size() || parts[index] == "none") return kNotFound;
  *instance = handle(parts[index].substr(0, parts[index].find(':')), device->uuid);
  return kSuccess;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device* device, unsigned* count, Process* processes) {
  Words words;
  if (int code = looked(device, words)) return code;
  std::vector<std::string> pids = list(words, "pids");
  unsigned room = *count;
  *count = static_cast<unsigned>(pids.size());
  if (pids.size() > room) return kInsufficientSize;
  for (std::size_t i = 0; i < pids.size(); ++i) processes[i].pid = static_cast<unsigned>(std::atoi(pids[i].c_str()));
  return kSuccess;
}

}  // extern "C"
