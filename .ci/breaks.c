/* Loaded into rotate before libc: counts the calls that change or synchronize files, and at one of them fails, ends the
   process, or waits. BREAK_AT is the number of the call, from 0; BREAK_WITH an error's number, `kill`, or `wait`, which
   waits a little before each call instead. BREAK_TOLD is a file that the name of the call is written to. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int count;

/* Programs that rotate runs are left alone. */
static int is_rotate(void) {
  return strncmp(program_invocation_short_name, "rotate", 6) == 0;
}

/* Whether this call fails. */
static int breaks(const char *name) {
  const char *at = getenv("BREAK_AT"), *with = getenv("BREAK_WITH"), *told = getenv("BREAK_TOLD");
  if (!with || !is_rotate()) return 0;
  if (strcmp(with, "wait") == 0) {
    static _Thread_local unsigned seed;
    if (!seed) seed = (unsigned)getpid() ^ (unsigned)atoi(at ? at : "0");
    usleep((useconds_t)(rand_r(&seed) % 3000));
    return 0;
  }
  if (!at || atomic_fetch_add(&count, 1) != atoi(at)) return 0;
  if (told) {
    int out = (int)syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out >= 0) {
      syscall(SYS_write, out, name, strlen(name));
      syscall(SYS_close, out);
    }
  }
  if (strcmp(with, "kill") == 0) raise(SIGKILL);
  errno = atoi(with);
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opens(int flags, mode_t mode, const char *path, const char *name) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && strncmp(path, "/dev/", 5) && breaks(name)) return -1;
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

static mode_t mode_of(int flags, va_list more) {
  return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(more, int) : 0;
}

#define OPEN(name)                            \
  int name(const char *path, int flags, ...) { \
    va_list more;                             \
    va_start(more, flags);                    \
    mode_t mode = mode_of(flags, more);       \
    va_end(more);                             \
    return opens(flags, mode, path, #name);   \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t size) {
  struct stat status;
  if (file > 2 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && breaks("write")) return -1;
  return syscall(SYS_write, file, bytes, size);
}

#define CALL(name, types, values)          \
  int name types {                         \
    if (breaks(#name)) return -1;          \
    return REAL(name) values;              \
  }
CALL(fsync, (int file), (file))
CALL(fdatasync, (int file), (file))
CALL(rename, (const char *from, const char *to), (from, to))
CALL(mkdir, (const char *path, mode_t mode), (path, mode))
CALL(rmdir, (const char *path), (path))
CALL(unlink, (const char *path), (path))
CALL(link, (const char *from, const char *to), (from, to))
CALL(fchmod, (int file, mode_t mode), (file, mode))
CALL(flock, (int file, int how), (file, how))
