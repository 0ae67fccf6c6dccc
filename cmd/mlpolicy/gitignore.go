package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/git-pkgs/gitignore"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// ignoreFile has patterns in the syntax of gitignore(5). They are matched against one entry of a folder
// at a time; as in Git, entries of ignored folders are not matched. Excludes of the user or the machine
// are not read, so that results are the same everywhere.
type ignoreFile struct {
	domain string // absolute path of the folder that the patterns are relative to, with a slash at its end
	// folders has all patterns. files has those that match files, for which the others are costly.
	folders, files gitignore.Matcher
	where          map[string]string // file:line: pattern, by the pattern that the matcher has
}

// verdict is the result of ignore files for an entry.
type verdict struct {
	decided bool
	ignored bool
	where   string
}

// match applies ignore files to an entry. The last one takes precedence.
func match(files []*ignoreFile, absolute string, isFolder bool) verdict {
	for i := len(files) - 1; i >= 0; i-- {
		if verdict := files[i].match(absolute, isFolder); verdict.decided {
			return verdict
		}
	}
	return verdict{}
}

func (f *ignoreFile) match(absolute string, isFolder bool) verdict {
	relative, within := strings.CutPrefix(absolute, f.domain)
	if !within {
		return verdict{}
	}
	matcher := &f.files
	if relative += end; isFolder {
		matcher = &f.folders
		relative += "/"
	}
	result := matcher.MatchDetail(relative)
	return verdict{result.Matched, result.Ignored, f.where[result.Pattern]}
}

// matchWithin is match for a path whose folders have not been matched: the path is ignored if one of
// them is.
func matchWithin(files []*ignoreFile, absolute string, isFolder bool) verdict {
	for i, c := range absolute {
		if c != '/' || i == 0 {
			continue
		}
		if v := match(files, absolute[:i], true); v.ignored {
			return v
		}
	}
	return match(files, absolute, isFolder)
}

func domainOf(folder string) string {
	return strings.TrimSuffix(filepath.ToSlash(folder), "/") + "/"
}

func newIgnoreFile(domain string) *ignoreFile {
	return &ignoreFile{domain: domainOf(domain), where: map[string]string{}}
}

// readIgnoreFile returns nil if there is no such file; as in Git, a link is not read.
func readIgnoreFile(file, domain string) *ignoreFile {
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return parseIgnoreFile(data, shortest(file), domain)
}

// parseIgnoreFile parses an ignore file of a name.
func parseIgnoreFile(data []byte, name, domain string) *ignoreFile {
	ignore := newIgnoreFile(domain)
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		ignore.add(line, fmt.Sprintf("%s:%d: %s", name, i+1, line))
	}
	return ignore
}

// configuredIgnores returns the patterns of a configuration, grouped by the folder that they are relative to.
func configuredIgnores(configuration *config.Config) []*ignoreFile {
	var files []*ignoreFile
	for _, pattern := range configuration.Ignore {
		if len(files) == 0 || files[len(files)-1].domain != domainOf(pattern.Folder) {
			files = append(files, newIgnoreFile(pattern.Folder))
		}
		files[len(files)-1].add(pattern.Value, config.At(pattern.Location.Node, pattern.Value).Error())
	}
	return files
}

// end is appended to patterns and paths. It cannot occur in a file name. In the library, a pattern that
// matches a folder also matches its entries, so that !folder/ would include files that *.yaml ignores
// there; with this suffix it matches the folder only. go-git's matcher has the same fault and four more:
// [!a], [[:alpha:]], ? for a multi-byte character, and a/**.
const end = "/\x00"

// spacesAtEnd matches trailing spaces without a backslash.
var spacesAtEnd = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((?:[^\\]|\\.)*?) +$`)
})

// add adds the pattern of a line, if it has one.
func (f *ignoreFile) add(line, where string) {
	line = spacesAtEnd().ReplaceAllString(line, "$1")
	if line == "" || line[0] == '#' {
		return
	}
	pattern, keeps := strings.CutPrefix(line, "!")
	pattern, folders := strings.CutSuffix(pattern, "/")
	if !strings.Contains(pattern, "/") {
		pattern = "**/" + pattern
	} else if strings.HasSuffix(pattern, "/**") {
		pattern += "/*" // not the folder itself
	}
	if pattern += end; folders {
		pattern += "/"
	}
	if keeps {
		pattern = "!" + pattern
	}
	f.where[pattern] = where
	f.folders.AddPatterns([]byte(pattern), "")
	if !folders {
		f.files.AddPatterns([]byte(pattern), "")
	}
}

// ignoresAbove returns the ignore files of the folders above a folder, from the root of its repository
// down, with the lowest precedence first.
func ignoresAbove(folder string) []*ignoreFile {
	root := repository(folder)
	if root == "" {
		return nil
	}
	var files []*ignoreFile
	add := func(file, domain string) {
		if ignore := readIgnoreFile(file, domain); ignore != nil {
			files = append(files, ignore)
		}
	}
	add(filepath.Join(root, ".git", "info", "exclude"), root)
	for above := root; above != folder; {
		add(filepath.Join(above, ".gitignore"), above)
		rest, _ := filepath.Rel(above, folder)
		next, _, _ := strings.Cut(rest, string(filepath.Separator))
		above = filepath.Join(above, next)
	}
	return files
}

// repository returns the root of the Git work tree that contains a folder, empty if there is none.
func repository(folder string) string {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return ""
		}
		folder = parent
	}
}
