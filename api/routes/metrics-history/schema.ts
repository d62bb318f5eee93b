import { z } from 'zod';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { HISTORY_GRANULARITIES } from '../../../shared/hosts/history.ts';
import { label } from '../../../shared/wire.ts';
import { moment, rangeSchema } from '../../http/time.ts';

export const historyQuery = z.strictObject({
  ...timeRangeSchema.shape,
  granularity: z
    .enum(HISTORY_GRANULARITIES)
    .optional()
    .meta({ description: 'Default: minutes up to 6 hours, hours up to 7 days, local days beyond.' }),
  host: label(253).optional().meta({ description: 'Only this host. Default: the average of all hosts.' }),
});

const average = (unit: string) => z.number().meta({ description: `Average, ${unit}.` });
const peak = () => z.number().meta({ description: 'The highest sample, percent.' });
export const historySchema = z.object({
  series: z.array(
    z.object({
      at: moment().meta({ description: 'Start of the minute, hour or local day.' }),
      samples: z.number().int().meta({ description: 'Number of samples.' }),
      cpu_percent: average('percent'),
      cpu_percent_max: peak(),
      memory_percent: average('percent'),
      memory_percent_max: peak(),
      memory_used_bytes: average('bytes'),
      memory_total_bytes: average('bytes'),
      disk_percent: average('percent'),
      disk_percent_max: peak(),
      disk_used_bytes: average('bytes'),
      disk_total_bytes: average('bytes'),
      network_rx_bytes_per_second: average('bytes/s'),
      network_tx_bytes_per_second: average('bytes/s'),
      load_1m: average('runnable processes'),
      processes: average('processes'),
      uptime_seconds: average('seconds'),
    }),
  ),
  granularity: z.enum(HISTORY_GRANULARITIES),
  hosts: z.array(z.string()).meta({ description: 'The hosts of the series.' }),
  range: rangeSchema,
});
