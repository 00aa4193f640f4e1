// What an image costs on its way from a JPEG to a crop: decoding, resizing the short side to 256, the centre 224 x 224.
// One thread.
//   bench-image PICTURE.jpg [SECONDS]
// The same with Pillow, and an image of 500 x 375 to begin with:
//   python3 tests/bench/image_bench.py /tmp/image.jpg && build/bin/bench-image /tmp/image.jpg
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "winnow/data/image.h"
#include "winnow/data/resample.h"

namespace {

using namespace winnow;
using Clock = std::chrono::steady_clock;

// Milliseconds a call: the fastest of several rounds, since other processes only make it slower.
template <class F>
double fastest(double seconds, F&& f) {
  double best = 1e9;
  auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    auto start = Clock::now();
    for (int i = 0; i < 10; ++i) f();
    best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count() / 10);
  } while (Clock::now() < end);
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "bench-image PICTURE.jpg [SECONDS]\n"), 2;
  double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  std::string file = read_file(argv[1]);
  auto bytes = std::as_bytes(std::span(file));
  data::Image image = data::decode(bytes, argv[1]);
  auto crop = [](const data::Image& from) {
    data::Size size = data::short_side({from.height, from.width}, 256);
    data::Resizing resizing = data::whole(from.height, from.width, size.height, size.width, data::Filter::bilinear);
    resizing.window = {(size.height - 224) / 2, (size.width - 224) / 2, 224, 224};
    return data::resize(from, resizing);
  };
  fmt::print("{} x {}: decode {:.3f} ms, resize and crop {:.3f} ms, both {:.3f} ms an image\n", image.height,
             image.width, fastest(seconds, [&] { data::decode(bytes, argv[1]); }),
             fastest(seconds, [&] { crop(image); }), fastest(seconds, [&] { crop(data::decode(bytes, argv[1])); }));
}
