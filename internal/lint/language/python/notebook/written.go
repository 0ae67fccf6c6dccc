package notebook

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// AddTo adds the documents of the file that the cell writes to the notebook, and returns its comments.
func (c Cell) AddTo(notebook *source.File) []source.Comment {
	file := source.Parse(c.Writes, c.Content())
	m := mapper{file: notebook, cell: c, folder: path.Dir(c.Writes), moved: map[*source.Node]*source.Node{}}
	for _, document := range file.Documents {
		notebook.Add(m.node("", document.Root))
	}
	var comments []source.Comment
	for _, comment := range file.Comments() {
		start, end := c.Span(c.From+comment.Start, c.From+comment.End)
		mark, _ := c.Span(c.From+comment.Mark, c.From+comment.Mark+1)
		comments = append(comments, source.Comment{Start: start, End: end, Mark: mark})
	}
	return comments
}

// mapper moves nodes of a file that a cell writes to the notebook.
type mapper struct {
	file   *source.File // the notebook
	cell   Cell
	folder string // of the written file, from that of the notebook
	moved  map[*source.Node]*source.Node
}

// text returns the text of a scalar under a key. A path is one from the folder of the written file.
func (m *mapper) text(key string, n *source.Node) string {
	text := n.Text()
	switch key {
	case "path", "local_path", "conda_file", "condaFile":
		if m.folder != "." && n.Kind == source.String && text != "" && !strings.Contains(text, ":") && !path.IsAbs(text) {
			return path.Join(m.folder, text)
		}
	}
	return text
}

// node moves a node, which is the value of a key or, with an empty key, anything else.
func (m *mapper) node(key string, n *source.Node) *source.Node {
	if moved := m.moved[n]; moved != nil {
		return moved
	}
	span := n.Span()
	start, end := m.cell.Span(m.cell.From+span.Start.Offset, m.cell.From+span.End.Offset)
	var moved *source.Node
	switch n.Kind {
	case source.Sequence:
		items := make([]*source.Node, len(n.Items()))
		for i, item := range n.Items() {
			items[i] = m.node("", item)
		}
		moved = m.file.Sequence(items, start, end)
	case source.Mapping:
		members := make([]source.Member, len(n.Members()))
		for i, member := range n.Members() {
			members[i] = source.Member{Key: m.node("", member.Key), Value: m.node(member.Key.Text(), member.Value)}
		}
		moved = m.file.Mapping(members, start, end)
	default:
		moved = m.file.Scalar(n.Kind, m.text(key, n), start, end)
	}
	m.moved[n] = moved
	return moved
}
