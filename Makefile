# The task runner. Every target does its own set-up, is safe to run again, and is quick when nothing has changed.
# What it makes lives in .cache (library, virtual environments, logs), dist (packages) and src/rust/target.
#
#   KMSR_PROFILE=quick make test     build the Rust half without the release profile's optimisation

.PHONY: help demo test check lint document notebooks bench fuzz vendor dist binary site

help:
	@echo "make demo        import keys into the emulator, told step by step"
	@echo "make test        every test: linters, Rust, R, and judges that are not ours"
	@echo "make check       R CMD check --as-cran, without the parts that need the network"
	@echo "make lint        formatting, clippy, shell scripts, spelling, generated files, licences"
	@echo "make document    write the generated files and the help pages anew"
	@echo "make notebooks   execute the notebooks and save their outputs"
	@echo "make bench       measure"
	@echo "make fuzz        fuzz the emulator's front for MINUTES=60"
	@echo "make vendor      dist/vendor.tar.xz: the crates, for a build without a network"
	@echo "make dist        dist/kmsr_*.tar.gz: the source package with the crates in it, built offline to prove it"
	@echo "make binary      the package built for machines without Rust, installed and tried to prove it"
	@echo "make site        the documentation as web pages"

demo:
	@sh tools/setup.sh build
	@sh tools/demo.sh

test:
	@sh tools/setup.sh build test notebook
	@sh tools/test.sh

check:
	@sh tools/setup.sh build test document package
	@sh tools/check.sh

lint:
	@sh tools/setup.sh build lint
	@sh tools/lint.sh

document:
	@sh tools/setup.sh build document
	@sh tools/document.sh

notebooks:
	@sh tools/setup.sh build notebook
	@sh tools/install.sh
	@sh tools/notebook.sh --save

bench:
	@sh tools/setup.sh build test
	@sh tools/bench.sh

MINUTES = 60
fuzz:
	@sh tools/setup.sh build
	@sh tools/fuzz.sh $(MINUTES)

vendor:
	@sh tools/setup.sh build package
	@sh tools/vendor.sh

dist:
	@sh tools/setup.sh build document package
	@sh tools/dist.sh

binary:
	@sh tools/setup.sh build package
	@sh tools/binary.sh

site:
	@sh tools/setup.sh build document site
	@sh tools/site.sh
