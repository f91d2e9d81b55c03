# SPDX-License-Identifier: MIT
# Debian packages, built from a copy of the tree below $(B)/deb: nothing is written beside the sources.

DEB_TREE := $(B)/deb/librace-$(VERSION)

deb: ## build the Debian packages into build/deb
	@tools/deps.sh missing build deb >/dev/null 2>&1 || tools/deps.sh install build deb
	@rm -rf $(B)/deb && mkdir -p $(DEB_TREE)
	@# what git knows of, or where there is no git, all but what was built
	$(Q)if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then git ls-files -z --cached --others --exclude-standard; \
		else find . -name .git -prune -o -path ./build -prune -o -type f -print0; fi | \
		xargs -0 sh -c 'for file; do [ -e "$$file" ] && printf "%s\0" "$$file"; done' - | tar -c --null -T - | tar -x -C $(DEB_TREE)
	@echo "  DEB   $(DEB_TREE)"
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u B DEB_BUILD_OPTIONS="parallel=2 $$DEB_BUILD_OPTIONS" \
		dpkg-buildpackage -us -uc -b >../build.log 2>&1 || { tail -n 40 ../build.log >&2; exit 1; }
	@ls $(B)/deb/*.deb

.PHONY: deb
