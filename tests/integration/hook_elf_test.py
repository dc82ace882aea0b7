# SPDX-License-Identifier: MIT
"""The preload library as a file: it must load in every process of the machine, whatever its C library."""
import re
import subprocess

from hook_programs import HOOK

# Names that both C libraries have: glibc's linker takes the version, musl's only the name.
ALLOWED_IMPORTS = {
    "__cxa_finalize", "__environ", "__errno_location", "__gmon_start__", "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable", "confstr", "crashhook_inert", "dlsym", "environ",
    "getauxval",
    # weak: nobody has them but the runtimes of sanitizers
    "__sanitizer_cov_trace_cmp4", "__sanitizer_set_death_callback",
    # weak: of glibc's linker
    "__libc_stack_end",
}
EXPORTS = {
    "_Exit", "__asan_default_options", "__assert_fail", "__assert_perror_fail", "__chk_fail",
    "__longjmp_chk", "__ppoll_chk", "__sanitizer_on_print", "__sigaction", "__sigpause", "__sigsuspend",
    "__stack_chk_fail", "__sysv_signal", "__xpg_sigpause", "_exit", "_longjmp", "abort",
    "bsd_signal", "crashhook_get_api", "dlclose", "dlmopen", "dlopen", "dlsym", "epoll_pwait",
    "epoll_pwait2", "exit",
    "longjmp", "madvise", "ppoll", "prctl", "pselect", "pthread_create", "pthread_key_create",
    "pthread_sigmask", "quick_exit", "setcontext", "sigaction", "sigaltstack", "sigblock",
    "sighold", "sigignore", "siginterrupt", "siglongjmp", "signal", "sigpause", "sigprocmask",
    "sigrelse", "sigset", "sigsetmask", "sigsuspend", "sigvec", "ssignal", "swapcontext",
    "syscall", "sysv_signal", "thrd_create", "tss_create",
}


def objdump(option):
    return subprocess.run(["objdump", option, HOOK], check=True, capture_output=True,
                          text=True).stdout


def symbols():
    for line in objdump("-T").splitlines():
        match = re.match(r"^[0-9a-f]{16} (.{7}) (\S+)\s+[0-9a-f]{16}\s+(\S+)?\s+(\S+)$", line)
        if match:
            yield match.group(2), match.group(3) or "", match.group(4)


def test_needs_libc_alone():
    needed = re.findall(r"NEEDED\s+(\S+)", objdump("-p"))
    assert sorted(needed) == ["libc.so.6"]


def test_no_version_above_glibc_2_17():
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", objdump("-p"))
    assert versions
    assert max((int(major), int(minor)) for major, minor in versions) <= (2, 17)


def test_imports_only_what_musl_has_too():
    imported = {name for section, _, name in symbols() if section == "*UND*"}
    assert imported <= ALLOWED_IMPORTS


def test_exports_only_what_it_interposes():
    exported = {name for section, _, name in symbols() if section not in ("*UND*", "*ABS*")}
    assert exported == EXPORTS


def test_has_no_executable_stack_and_binds_at_once():
    headers = objdump("-p")
    assert re.search(r"STACK.*\n.*flags rw-", headers)
    assert re.search(r"FLAGS\s+0x0*[0-9a-f]*[89a-f]\b", headers)


def test_initial_exec_tls_only():
    relocations = subprocess.run(["objdump", "-R", HOOK], check=True, capture_output=True,
                                 text=True).stdout
    assert "DTPMOD64" not in relocations
    assert "TPOFF64" in relocations


def test_thread_start_leaves_no_frame():
    """The wrapper of a thread's function must end in a jump, or it is a frame in every backtrace."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", HOOK], check=True,
                          capture_output=True, text=True).stdout
    body = re.search(r"<start_thread>:\n(.*?)\n\n", code, re.S).group(1)
    assert re.search(r"jmp\s+\*", body)
