// A libcuda.so.1 of a driver that serves CUDA 11.4 and nothing newer: all that CUDA asks before it refuses.
extern "C" {

int cuDriverGetVersion(int* version) {
  *version = 11040;
  return 0;
}
int cuInit(unsigned) { return 0; }

}  // extern "C"
