package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const fixFlag = "fix"

func fixFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: fixFlag, Usage: "remove from files what has no effect, such as unused waivers, and report the other findings", DisableDefaultText: true},
		&cli.BoolFlag{Name: diffFlag, Usage: "print what --fix would change as a patch, and change nothing", DisableDefaultText: true},
	}
}

// checkFixFlags returns an error for flags that cannot be used with --fix or --diff.
func checkFixFlags(c *cli.Context, files *files) error {
	flag := fixFlag
	if c.Bool(diffFlag) {
		flag = diffFlag
	}
	switch {
	case c.Bool(flag) && c.IsSet(changedSinceFlag):
		return usagef("--%s is for all files: it cannot be used with --%s", flag, changedSinceFlag).seeHelp(c.Command.Name)
	case c.Bool(diffFlag) && c.IsSet(formatFlag):
		return usagef("--%s prints a patch and no findings: it cannot be used with --%s", diffFlag, formatFlag).seeHelp(c.Command.Name)
	case !c.Bool(fixFlag) || c.Bool(diffFlag):
		return nil
	case slices.Contains(files.paths, "-"):
		return usagef("--%s cannot change standard input; --%s prints the changes", fixFlag, diffFlag).seeHelp(c.Command.Name)
	case c.IsSet(asOfFlag):
		return usagef("--%s would remove waivers that have not expired: it cannot be used with --%s; --%s prints the changes", fixFlag, asOfFlag, diffFlag).seeHelp(c.Command.Name)
	}
	return nil
}

// printDiff writes what --fix would change as a patch, and returns the number of fixed files.
func (p *program) printDiff(c *cli.Context, result *lint.Result) (int, error) {
	fixes, err := result.Fix(c.Context)
	if err != nil {
		return 0, err
	}
	texts := make([]report.Patched, len(fixes))
	for i, file := range fixes {
		texts[i] = report.Patched{Name: file.Name, Before: file.TextBefore, After: file.TextAfter}
	}
	if err := writing(report.Patch(p.stdout, texts)); err != nil {
		return 0, err
	}
	if len(fixes) > 0 {
		p.complain("would fix " + countFixes(fixes))
	}
	return len(fixes), nil
}

// fix changes files and returns the result for what they are now. failed is set if a file could not be changed.
func (p *program) fix(c *cli.Context, session *session, result *lint.Result) (fixed *lint.Result, failed bool, err error) {
	fixes, err := result.Fix(c.Context)
	if err != nil || len(fixes) == 0 {
		return result, false, err
	}
	written := map[string]lint.FixedFile{} // by path without symbolic links
	var done []lint.FixedFile
	for _, file := range fixes {
		path, err := session.fixable(file.Name)
		before, again := written[path]
		switch {
		case err != nil:
		case again && bytes.Equal(before.After, file.After):
		case again:
			err = errors.New("another name of " + before.Name)
		default:
			err = writeFixed(path, file)
		}
		if err != nil {
			p.complain(file.Name + ": not fixed: " + unwritable(err))
			failed = true
			continue
		}
		written[path] = file
		done = append(done, file)
	}
	if len(done) > 0 {
		p.complain("fixed " + countFixes(done))
	}
	fixed, err = result.WithFixes(c.Context, done)
	return fixed, failed, err
}

func countFixes(files []lint.FixedFile) string {
	findings := 0
	for _, file := range files {
		findings += file.Findings
	}
	return fmt.Sprintf("%s in %s", counted(findings, "finding"), counted(len(files), "file"))
}

// fixable returns the path of a file without symbolic links. One that is a symbolic link must not lead out of its
// project.
func (s *session) fixable(name string) (string, error) {
	absolute, err := absolutePath(name)
	if err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(absolute)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, err
	}
	root := s.projects.Root(filepath.Dir(absolute))
	if root != "" {
		root, err = filepath.EvalSymlinks(root)
	}
	relative, outside := filepath.Rel(root, path)
	switch {
	case err != nil:
		return "", err
	case root == "" || outside != nil || !filepath.IsLocal(relative):
		return "", fmt.Errorf("a symbolic link to a file %w", errOutside)
	}
	return path, nil
}

var errChanged = errors.New("changed since it was read")

// writeFixed replaces a file that is still as it was read.
func writeFixed(path string, fixed lint.FixedFile) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) // a file that cannot be written must not be replaced either
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errNotRegular
	}
	now, err := readLimited(file)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(now, fixed.Before):
		return errChanged
	}
	return writeAndRename(path, info, func(file io.Writer) error {
		_, err := file.Write(fixed.After)
		return err
	})
}
