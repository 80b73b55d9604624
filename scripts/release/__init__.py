"""Makes a release: decides, builds, checks, installs, signs off. `make release` runs it."""
