// Package contract performs the walk-throughs of CONTRIBUTING.md in a copy of the tree: make contract.
//
// A walk-through is a section whose title ends in "step by step". All of its code blocks are performed:
// a diff block adds lines to a file, a console block runs the commands after "$ ", and any other block
// is the content of a new file. The paragraph before a block names the file, as its only path in
// backticks.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Walkthrough is a section of CONTRIBUTING.md.
type Walkthrough struct {
	Title    string
	Steps    []Step
	Commands []string // without duplicates
}

// Step is a change to one file.
type Step struct {
	Line int    // of the block in CONTRIBUTING.md, from 1
	File string // from the root of the tree, with slashes
	// before is the text to replace, empty for a new file; after is the replacement.
	before, after string
}

var (
	title   = regexp.MustCompile(`^## (.*), step by step$`)
	fence   = regexp.MustCompile("^( *)```([a-z]*)$")
	inTicks = regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)+\\.\\w+)`")
)

// Parse returns the walk-throughs of a page.
func Parse(page string) ([]Walkthrough, error) {
	var (
		list      []Walkthrough
		inSection bool
		paragraph []string // the last one
		ended     bool     // a blank line follows it
		lines     = strings.Split(page, "\n")
	)
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		opening := fence.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "## "):
			match := title.FindStringSubmatch(line)
			if inSection = match != nil; inSection {
				list = append(list, Walkthrough{Title: match[1]})
			}
			paragraph = nil
		case strings.TrimSpace(line) == "":
			ended = true
		case opening != nil:
			content, err := blockAfter(lines[i+1:], opening[1])
			if err == nil && inSection {
				err = list[len(list)-1].add(i+1, opening[2], strings.Join(paragraph, "\n"), content)
			}
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			i, paragraph = i+len(content)+1, nil
		case ended:
			paragraph, ended = []string{line}, false
		default:
			paragraph = append(paragraph, line)
		}
	}
	return list, nil
}

// blockAfter returns the lines before the closing fence of a block, without the indentation.
func blockAfter(lines []string, indent string) ([]string, error) {
	end := slices.Index(lines, indent+"```")
	if end < 0 {
		return nil, errors.New("the block does not end")
	}
	content := make([]string, end)
	for i, line := range lines[:end] {
		content[i] = strings.TrimPrefix(line, indent)
	}
	return content, nil
}

// add adds a block to a walk-through.
func (w *Walkthrough) add(line int, language, paragraph string, content []string) error {
	if language == "console" {
		for _, line := range content {
			command, ok := strings.CutPrefix(line, "$ ")
			if ok && !slices.Contains(w.Commands, command) {
				w.Commands = append(w.Commands, command)
			}
		}
		return nil
	}
	files := inTicks.FindAllStringSubmatch(paragraph, -1)
	if len(files) != 1 {
		return fmt.Errorf("the paragraph before the block names %d files, want one", len(files))
	}
	step := Step{Line: line, File: files[0][1]}
	if language != "diff" {
		step.after = strings.Join(content, "\n") + "\n"
		w.Steps = append(w.Steps, step)
		return nil
	}
	added := 0
	for _, line := range content {
		if text, ok := strings.CutPrefix(line, "+"); ok {
			step.after += text + "\n"
			added++
			continue
		}
		// Editors and formatters remove the space from an empty line.
		text := strings.TrimPrefix(line, " ") + "\n"
		step.before, step.after = step.before+text, step.after+text
	}
	if step.before == "" || added == 0 {
		return errors.New("a diff block needs lines that are there and lines with + to add")
	}
	w.Steps = append(w.Steps, step)
	return nil
}

// Apply performs a step in the tree at root.
func (s Step) Apply(root string) error {
	name := filepath.Join(root, filepath.FromSlash(s.File))
	text, err := os.ReadFile(name)
	switch {
	case s.before == "" && err == nil:
		return fmt.Errorf("line %d: %s exists already", s.Line, s.File)
	case s.before == "" && errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, []byte(s.after), 0o644)
	case err != nil:
		return fmt.Errorf("line %d: %w", s.Line, err)
	}
	if occurrences(text, s.after) > 0 {
		return fmt.Errorf("line %d: %s has the lines already", s.Line, s.File)
	}
	if count := occurrences(text, s.before); count != 1 {
		return fmt.Errorf("line %d: the lines without + stand %d times in %s, want once", s.Line, count, s.File)
	}
	at := bytes.Index(append([]byte("\n"), text...), []byte("\n"+s.before))
	changed := slices.Concat(text[:at], []byte(s.after), text[at+len(s.before):])
	return os.WriteFile(name, changed, 0o644)
}

// Applied reports whether the step is already applied to the tree at root.
func (s Step) Applied(root string) bool {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(s.File)))
	if err != nil {
		return false
	}
	return s.before == "" && string(text) == s.after || s.before != "" && occurrences(text, s.after) == 1
}

// occurrences returns the number of occurrences of whole lines in a text.
func occurrences(text []byte, lines string) int {
	return strings.Count("\n"+string(text), "\n"+lines)
}
