/* What the package's shared library shows to R, and what its Rust half needs from C.
 *
 * R looks for R_init_kmsr when it loads the library. Calling the Rust half's own registration from here also keeps
 * the linker from dropping the static library, which nothing else refers to. */
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>

void R_init_kmsr_extendr(DllInfo *dll);
void kmsr_init_guard(DllInfo *dll);

void attribute_visible R_init_kmsr(DllInfo *dll) {
    R_init_kmsr_extendr(dll);
    kmsr_init_guard(dll);
}

static void check_interrupt(void *unused) {
    (void) unused;
    R_CheckUserInterrupt();
}

/* Whether the user has asked R to stop: 1 if so, 0 if not.
 *
 * Called from Rust while it waits for an answer. R_CheckUserInterrupt() leaves by a long jump when an interrupt is
 * pending; R_ToplevelExec() catches that jump, so that no Rust frame is ever jumped over. The interrupt is used up by
 * being noticed: whoever asked has to raise it again on the R side. Main thread only. */
int attribute_hidden kmsr_interrupted(void) {
    return R_ToplevelExec(check_interrupt, NULL) == FALSE;
}
