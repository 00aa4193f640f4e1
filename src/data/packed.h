// Data sets whose images are files of their own: reading them all once, and the cache that holds them one behind the
// other.
#pragma once

#include <string>
#include <vector>

#include "layout.h"

namespace winnow::data {

// Opens and decodes every image, on all cores. An image that does not decode is an error that names it, or, where the
// preset says corrupt = "skip", is left out of the listing and named in `skipped`.
std::vector<std::string> verify_images(const Manifest&, const Path& root, Listing&, const Progress&);

// Of class names, labels and the images' bytes, in order.
std::string fingerprint_of(const Path& root, const Listing&, const Progress&);

// Copies the images behind one another and writes the index. Goes on with what an interrupted builder left; a second
// builder waits for the first. `skipped`: how many images the listing lacks. DataError when the images are not those of
// `fingerprint`.
void write_packed(const Manifest&, const Path& root, const Listing&, std::size_t skipped,
                  const std::string& fingerprint, const Path& cache, const Progress&);

}  // namespace winnow::data
