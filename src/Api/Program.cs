using LoraDrop.Api;
using LoraDrop.Storage;

return await HostProgram.MainAsync(args, "LoraDrop.Api", ApiHost.RunAsync);
