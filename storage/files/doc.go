// Package files keeps the contents of files in folders of the disk: blob.Store below the
// data folder, in the reference's tree.
//
//	uploads/agents/<id>/<name>  uploads/channels/<id>/<name>  generated/<id>/<name>
//
// A put writes into the folder .incoming of its area, syncs, and renames: nobody can see
// half of a file, and what a crash leaves lies in .incoming, which Open empties. The data
// folder belongs to one process (the embedded store locks it), so nobody else's files are
// swept. Beside it the reference's own tree may be given, which is only ever read.
//
// # Why it is so
//
// Each area is an os.Root: no name and no symbolic link leads out of it, whatever the
// keys are; only the areas' own folders may be links, for who keeps uploads on another
// disk. Folders of owners go with their last file, so that deleted channels leave nothing.
package files
