// Threads that wait for each other sleep instead of spinning: beside other programs, threads that spin on cores they do
// not have make a trial 8 to 20 times slower (docs/adr/0007). OpenMP's library reads its settings once, when it is
// loaded, which is before main(). So the program starts itself again with the setting in its environment: as the very
// first thing, while the libraries have not begun to initialise themselves. Whoever sets OMP_WAIT_POLICY or
// GOMP_SPINCOUNT decides.

#include <alloca.h>
#include <limits.h>
#include <unistd.h>

#include <cstddef>
#include <string_view>

namespace {

char kPassive[] = "OMP_WAIT_POLICY=PASSIVE";

// No library is ready yet, so nothing here allocates.
void WaitPassively(int, char** arguments, char** environment) {
  std::size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    const std::string_view variable = environment[count];
    if (variable.starts_with("OMP_WAIT_POLICY=") || variable.starts_with("GOMP_SPINCOUNT=")) return;
  }
  auto** extended = static_cast<char**>(alloca((count + 2) * sizeof(char*)));
  for (std::size_t i = 0; i < count; ++i) extended[i] = environment[i];
  extended[count] = kPassive;
  extended[count + 1] = nullptr;
  // By its path, so that `ps` and `top` call it by its name; as the kernel has it where the file was replaced.
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0) {
    path[length] = '\0';
    execve(path, arguments, extended);
  }
  execve("/proc/self/exe", arguments, extended);
  // Where that is not allowed, it goes on as it is.
}

// What stands in this section runs before any library's own initialisation.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kFirst)(int, char**, char**) = WaitPassively;

}  // namespace
