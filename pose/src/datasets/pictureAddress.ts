/**
 * The path of a picture in an address as labelling tools give them: `upload/3/a.jpg` of `/data/upload/3/a.jpg`, `dir/a.jpg` of
 * `/data/local-files/?d=dir/a.jpg`, of `s3://bucket/dir/a.jpg` and of `https://host/dir/a.jpg?token=x`. A path stays as it is.
 */
export function pathOfAddress(address: string): string {
  const local = /\/local-files\/?\?(?:.*&)?d=([^&]+)/.exec(address);
  if (local) return decoded(local[1]);
  const remote = /^[a-z][a-z0-9+.-]+:\/\/[^/]*\/([^?#]+)/i.exec(address);
  if (remote) return decoded(remote[1]);
  const served = /^\/data\/(upload\/[^?#]+)/.exec(address);
  return served ? decoded(served[1]) : address;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A per cent sign that encodes nothing is part of the name.
    return path;
  }
}
