package modelsize

import (
	"bytes"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/modelsize/modeltest"
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestPointer(t *testing.T) {
	oid := "oid sha256:" + strings.Repeat("0123456789abcdef", 4)
	const version = "version https://git-lfs.github.com/spec/v1\n"
	for text, want := range map[string]int64{
		version + oid + "\nsize 0\n":                                              0,
		version + oid + "\nsize 2669283096\n":                                     2669283096,
		version + oid + "\nsize 5":                                                5,
		strings.ReplaceAll(version+oid+"\nsize 5\n", "\n", "\r\n"):                5,
		version + "ext-0-foo sha256:aa\next-1-bar x y\n" + oid + "\nsize 12345\n": 12345,
		version + oid + "\nsize 9223372036854775807\n":                            math.MaxInt64,
	} {
		if got, ok := readPointer([]byte(text)); !ok || got != want || len(text) < minPointer {
			t.Errorf("%q: %d, %t, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", version, "version https://git-lfs.github.com/spec/v2\n" + oid + "\nsize 5\n", " " + version + oid + "\nsize 5\n",
		version + "size 5\n" + oid + "\n", version + oid + "\nsize -5\n", version + oid + "\nsize 05\n", version + oid + "\nsize 5.0\n", version + oid + "\nsize \n",
		version + oid + "\nsize 9223372036854775808\n", version + oid + "\n\nsize 5\n", version + oid + "\nsize 5\nmore\n", version + oid + "\nsize 5\n\n",
		version + strings.ToUpper(oid) + "\nsize 5\n", version + "oid md5:00\nsize 5\n", version + oid[:40] + "\nsize 5\n", version + "zzz 1\n" + oid + "\nsize 5\n",
		version + "ext-0-foo " + strings.Repeat("a", maxPointer) + "\n" + oid + "\nsize 5\n",
	} {
		if got, ok := readPointer([]byte(text)); ok {
			t.Errorf("%q: %d, want no pointer", text, got)
		}
	}
}

func FuzzPointer(f *testing.F) {
	f.Add([]byte(modeltest.Pointer(5)))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\next-0-a b\noid sha256:\nsize 5\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		size, ok := readPointer(data)
		switch {
		case !ok && size != 0, size < 0, ok && (len(data) < minPointer || len(data) > maxPointer):
			t.Errorf("%q: %d, %t", data, size, ok)
		case ok && !bytes.Contains(data, []byte("size "+strconv.FormatInt(size, 10))):
			t.Errorf("%q does not state %d", data, size)
		}
	})
}
