package modelsize

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Limits for the size in bytes of a git-lfs pointer.
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
const (
	minPointer = 125
	maxPointer = 1023
)

// readPointer returns the size of the file that a git-lfs pointer replaces.
func readPointer(data []byte) (bytes int64, ok bool) {
	if len(data) > maxPointer {
		return 0, false
	}
	text, ok := strings.CutPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "version https://git-lfs.github.com/spec/v1\n")
	if !ok {
		return 0, false
	}
	match := pointerKeys().FindStringSubmatch(strings.TrimSuffix(text, "\n"))
	if match == nil {
		return 0, false
	}
	bytes, err := strconv.ParseInt(match[1], 10, 64)
	return bytes, err == nil
}

// pointerKeys matches the keys after the version, in alphabetical order.
var pointerKeys = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:ext-\d-[a-z0-9.-]+ [^\n]+\n)*oid sha256:[0-9a-f]{64}\nsize (0|[1-9]\d*)$`)
})
