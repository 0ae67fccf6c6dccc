package main

import (
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/mod/module"
)

func isPseudo(version string) bool { return module.IsPseudoVersion(version) }

var tagged = regexp.MustCompile(`^v([0-9]+\.[0-9]+)\.([0-9]+)(?:-rc\.([0-9]+))?$`)

// pythonVersion returns a version of Go as Python writes it (PEP 440), in the same order: a commit after v0.1.0 is a development
// version of 0.1.1, and one after v0.1.0-rc.1 of 0.1.0rc2.
func pythonVersion(version string) (string, error) {
	base, suffix := version, ""
	if isPseudo(version) {
		at, err := module.PseudoVersionTime(version)
		if err != nil {
			return "", err
		}
		revision, err := module.PseudoVersionRev(version)
		if err != nil {
			return "", err
		}
		suffix = fmt.Sprintf(".dev%s+g%s", at.Format("20060102150405"), revision)
		if base, err = module.PseudoVersionBase(version); err != nil {
			return "", err
		}
		if base == "" {
			return "0.0.0" + suffix, nil
		}
	}
	match := tagged.FindStringSubmatch(base)
	if match == nil {
		return "", fmt.Errorf("version %s is not of the form v1.2.3 or v1.2.3-rc.4", version)
	}
	patch, candidate := match[2], match[3]
	last := &patch
	if candidate != "" {
		last = &candidate
	}
	if suffix != "" {
		n, err := strconv.Atoi(*last)
		if err != nil {
			return "", err
		}
		*last = strconv.Itoa(n + 1)
	}
	python := match[1] + "." + patch
	if candidate != "" {
		python += "rc" + candidate
	}
	return python + suffix, nil
}
