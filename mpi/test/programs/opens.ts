import { communicator, findMpi } from 'wgrad-mpi';

// What a user is told: `opens.ts` prints the communicator or the error, `opens.ts find` the library.

try {
  const { rank, size, library } = await communicator();
  console.log(JSON.stringify(process.argv[2] === 'find' ? await findMpi() : { rank, size, library }));
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
