# Compiles for HOLDFAST_TARGET (arm64, armv6 or amd64) against CROSS_SYSROOT, the files of Debian
# packages that cross/sysroot.sh laid out. Nothing is taken from the machine but the compiler.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HOLDFAST_TARGET CROSS_SYSROOT CROSS_FROZEN)

set(CMAKE_SYSTEM_NAME Linux)
if(HOLDFAST_TARGET STREQUAL "arm64")
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
  set(triplet aarch64-linux-gnu)
  set(emulator qemu-aarch64-static -L ${CROSS_SYSROOT})
elseif(HOLDFAST_TARGET STREQUAL "armv6")
  # Debian's armhf is ARMv7 and its start-up code Thumb-2, whatever we compile for; armel runs on all.
  # What ARMv6 has is used, its floating point too, with armel's calls.
  set(CMAKE_SYSTEM_PROCESSOR armv6l)
  set(triplet arm-linux-gnueabi)
  set(emulator qemu-arm-static -cpu arm1176 -L ${CROSS_SYSROOT})
  set(flags "-march=armv6+fp -marm -mfloat-abi=softfp -Wno-psabi -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64")
  # 64-bit atomics are calls there, in libcrypto too.
  set(last_libraries "-l:libatomic.a")
elseif(HOLDFAST_TARGET STREQUAL "amd64")
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(triplet x86_64-linux-gnu)
  # None is needed, but its own libraries are: without this CMake does not know how to run what it made.
  set(emulator ${CROSS_SYSROOT}/lib64/ld-linux-x86-64.so.2 --library-path
      ${CROSS_SYSROOT}/usr/lib/x86_64-linux-gnu:${CROSS_SYSROOT}/lib/x86_64-linux-gnu)
else()
  message(FATAL_ERROR "HOLDFAST_TARGET is arm64, armv6 or amd64, not \"${HOLDFAST_TARGET}\"")
endif()

# The linker leaves out what nothing uses; and the same tree, wherever it lies, makes the same bytes.
get_filename_component(repository ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
string(APPEND flags " -ffunction-sections -fdata-sections -ffile-prefix-map=${repository}=.")
# What ccache needs to know of a precompiled header.
set(cxx_flags "${flags} -fpch-preprocess")

set(CMAKE_SYSROOT ${CROSS_SYSROOT})
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_CXX_COMPILER ${triplet}-g++)
set(CMAKE_STRIP ${triplet}-strip)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
# What is C here calls nothing that throws, and needs no tables to be unwound by.
set(CMAKE_C_FLAGS_INIT "${flags} -fno-unwind-tables -fno-asynchronous-unwind-tables")
set(CMAKE_CXX_FLAGS_INIT "${cxx_flags}")
set(CMAKE_C_STANDARD_LIBRARIES_INIT "${last_libraries}")
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT "${last_libraries}")

# Left alone, Debian's cross compilers link the C and C++ libraries that they came with, which get no
# fixes, and whose clock ends in 2038 where time_t was 32 bits.
file(GLOB gcc_libraries ${CROSS_SYSROOT}/usr/lib/gcc/${triplet}/*)
set(libraries ${CROSS_SYSROOT}/usr/lib/${triplet})
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections,-z,relro,-z,now -B${libraries} -L${gcc_libraries} -L${libraries}")

# CROSS_FROZEN: where libraries are that were built to be frozen into a static program. They come first.
set(CMAKE_FIND_ROOT_PATH ${CROSS_FROZEN} ${CROSS_SYSROOT})
set(pkgconfig ${libraries}/pkgconfig:${CROSS_SYSROOT}/usr/share/pkgconfig)
if(CROSS_FROZEN)
  set(pkgconfig ${CROSS_FROZEN}/pkgconfig)
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR ${emulator})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CROSS_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} "${pkgconfig}")
