/** Files of Node: weights and checkpoints on disk, JSON with errors of one line, and writes that leave nothing half done. */
export { appendLine, checkWritable, writeFileAtomic } from './atomicFile.js';
export { loadCheckpoint, saveCheckpoint } from './checkpointFile.js';
export { choicesFile } from './choicesFile.js';
export { fileError } from './fileError.js';
export { readJsonFile } from './jsonFile.js';
export { checkFolder, makeFolder } from './makeFolder.js';
export { readBytes } from './readBytes.js';
export { loadWeights, saveWeights } from './weightsFile.js';
